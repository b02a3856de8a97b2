// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirConfiguration
import WeirServer

/// Nothing that a server can be configured with is out of reach of a file, the environment and the flags.
struct SettingsWalkTests {
    /// Texts of which at least one changes whatever value a setting has, of any kind.
    private static let texts = [
        "77", "7s", "other", "true", "false", "7", "gzip", "vegas", "smooth", "everyone",
        "9 by method: a.B/C=3..7",
    ]

    private func children(_ value: Any) -> [String: String] {
        // Settings that are grouped are settings all the same.
        let children = Mirror(reflecting: value).children.flatMap { child in
            child.value is AdmissionSettings ? Array(Mirror(reflecting: child.value).children) : [child]
        }
        return Dictionary(children.map { ($0.label ?? "", "\($0.value)") }) { $1 }
    }

    /// The properties that differ.
    private func changed(_ left: Any, _ right: Any) -> [String] {
        let (left, right) = (children(left), children(right))
        return left.keys.filter { left[$0] != right[$0] }.sorted()
    }

    @Test func everyPropertyIsSetByTheRowOfItsName() {
        var reached = Set<String>()
        for setting in ServerSettings.all {
            for text in Self.texts {
                var configuration = ServerConfiguration()
                guard setting.set(&configuration, text) == nil else { continue }
                let changed = changed(configuration, ServerConfiguration())
                guard !changed.isEmpty else { continue }
                #expect(changed == [setting.name] || changed == [setting.name + "Bytes"])
                #expect(setting.value(configuration) == text, "what was written is what is shown")
                reached.formUnion(changed)
                break
            }
        }
        let properties = Set(children(ServerConfiguration()).keys).subtracting(["overrides"])
        #expect(properties.count >= 20)
        #expect(properties.subtracting(reached).sorted() == [], "these have no row in ServerSettings.all")
    }

    @Test func everyPropertyOfAMethodIsSetByTheRowOfItsName() {
        var reached = Set<String>()
        for setting in ServerSettings.all {
            guard let method = setting.method else { continue }
            for text in Self.texts {
                var settings = ServerConfiguration.MethodSettings()
                guard method.set(&settings, text) == nil else { continue }
                let changed = changed(settings, ServerConfiguration.MethodSettings())
                #expect(changed == [setting.name] || changed == [setting.name + "Bytes"])
                #expect(method.value(settings) == text)
                reached.formUnion(changed)
                break
            }
        }
        let properties = Set(children(ServerConfiguration.MethodSettings()).keys)
        #expect(properties.count >= 7)
        #expect(properties.subtracting(reached).sorted() == [], "these are not of a method in ServerSettings.all")
    }

    @Test func whatAMethodDoesNotSetIsAsItsServiceHasIt() {
        let additional = Set(ServerSettings.admission.map(\.name))
        for setting in ServerSettings.all where !additional.contains(setting.name) {
            guard let method = setting.method else { continue }
            for (own, other) in [("77", "78"), ("7s", "8s")] {
                var service = ServerConfiguration.MethodSettings()
                guard method.set(&service, other) == nil else { continue }
                #expect(method.value(ServerConfiguration.MethodSettings().within(service)) == other, "\(setting.name)")
                var settings = ServerConfiguration.MethodSettings()
                #expect(method.set(&settings, own) == nil)
                #expect(method.value(settings.within(service)) == own, "\(setting.name)")
                #expect(method.value(settings.within(.init())) == own, "\(setting.name)")
            }
        }
    }

    @Test func policiesOfAServiceAreNotThoseOfItsMethodsTwice() {
        for setting in ServerSettings.admission {
            guard let method = setting.method else { continue }
            var service = ServerConfiguration.MethodSettings()
            guard method.set(&service, "77") == nil else { continue }
            #expect(method.value(ServerConfiguration.MethodSettings().within(service)) == nil, "\(setting.name)")
        }
    }

    @Test(arguments: [
        ("100 by priority: high=30, low=0..20", true), ("8 by metadata:x-tenant: a=1", true),
        ("8 by colour: a=1", false), ("x by method: a=1", false), ("8 by method: a", false), ("8 by method:", false),
        ("8 by method: a=1..", false), ("8 by method: a=1, a=2", false), ("8 by metadata:X: a=1", false),
    ])
    func bulkheadsAreWrittenInOneLine(text: String, isRight: Bool) throws {
        let setting = try #require(ServerSettings.all.first { $0.name == "bulkhead" })
        var configuration = ServerConfiguration()
        let problem = setting.set(&configuration, text)
        #expect((problem == nil) == isRight, "\(problem ?? "taken")")
        if isRight { #expect(setting.value(configuration) == text) }
    }

    @Test func everyDefaultCanBeWrittenAsItIsShown() {
        for setting in ServerSettings.all {
            var configuration = ServerConfiguration()
            #expect(setting.set(&configuration, setting.value(configuration)) == nil, "\(setting.name)")
            #expect(changed(configuration, ServerConfiguration()) == [], "\(setting.name)")
        }
    }

    @Test func namesAreDifferent() {
        let settings = ServerSettings.all
        #expect(Set(settings.map(\.name)).count == settings.count)
        #expect(Set(settings.map(\.flag)).count == settings.count)
        #expect(Set(settings.map(\.environmentName)).count == settings.count)
        #expect(settings.first { $0.name == "stallDeadline" }?.flag == "--stall-deadline")
        #expect(settings.first { $0.name == "stallDeadline" }?.environmentName == "WEIR_STALL_DEADLINE")
    }
}
