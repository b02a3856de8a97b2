// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import WeirConfiguration
import WeirRPC
import WeirServer

/// A configuration read from providers: which of them wins, what overrides become, and what is said of what is wrong.
struct SettingsReadingTests {
    private func file(_ text: String) throws -> SettingsFile {
        try SettingsFile(Array(text.utf8), name: "server.json")
    }

    private func problems(_ body: () async throws -> Void) async -> [String] {
        do {
            try await body()
            return []
        } catch let error as SettingsError {
            return error.problems.map(\.description)
        } catch {
            return ["not a SettingsError: \(error)"]
        }
    }

    @Test func valuesTakeThePlaceOfDefaults() async throws {
        let file = try file(
            """
            { // a comment
              "stallDeadline": "30s", "idleDeadline": "1.5h", "streamBuffer": "128KiB",
              "maxConcurrentStreams": 7, "minimumRate": "1KiB over 10s after 1m",
              "host": "::1"
            }
            """)
        let configuration = try await ServerConfiguration(from: ConfigReader(provider: file))
        #expect(configuration.stallDeadline == .seconds(30))
        #expect(configuration.idleDeadline == .seconds(5400))
        #expect(configuration.streamBufferBytes == 131_072)
        #expect(configuration.maxConcurrentStreams == 7)
        #expect(
            configuration.minimumRate == MinimumRate(bytesPerSecond: 1024, period: .seconds(10), grace: .seconds(60)))
        #expect(configuration.host == "::1")
        #expect(configuration.tailDeadline == .seconds(60), "not set: the default")
    }

    @Test func flagsComeBeforeTheEnvironmentBeforeTheFile() async throws {
        let file = try file(#"{"stallDeadline": "1s", "tailDeadline": "1s", "drainGrace": "1s"}"#)
        let sources = SettingsSources(
            flags: ["stallDeadline": "3s"],
            environment: ["WEIR_STALL_DEADLINE": "2s", "WEIR_TAIL_DEADLINE": "2s", "STALL_DEADLINE": "9s"], file: file)
        let configuration = try await ServerConfiguration(from: sources.reader)
        #expect(configuration.stallDeadline == .seconds(3))
        #expect(configuration.tailDeadline == .seconds(2))
        #expect(configuration.drainGrace == .seconds(1))
        #expect(sources.source(of: ["stallDeadline"]) == "--stall-deadline")
        #expect(sources.source(of: ["tailDeadline"]) == "WEIR_TAIL_DEADLINE")
        #expect(sources.source(of: ["drainGrace"]) == "server.json:1")
        #expect(sources.source(of: ["port"]) == nil)
    }

    /// The names that the package makes for variables are the ones that we document.
    @Test func everySettingIsReadFromItsVariable() async throws {
        for setting in ServerSettings.all where setting.name != "host" {
            for text in ["77", "7s"] {
                var expected = ServerConfiguration()
                guard setting.set(&expected, text) == nil else { continue }
                let sources = SettingsSources(flags: [:], environment: [setting.environmentName: text], file: nil)
                var configuration = ServerConfiguration()
                var reader = SettingsReader(sources.reader)
                await reader.read(ServerSettings.all, into: &configuration)
                #expect(setting.value(configuration) == text, "\(setting.environmentName)")
            }
        }
    }

    @Test func providersThatKnowTypesMayGiveNumbers() async throws {
        let provider = InMemoryProvider(values: ["grpc.port": 8080, "grpc.stallDeadline": "5s"])
        let configuration = try await ServerConfiguration(from: ConfigReader(provider: provider).scoped(to: "grpc"))
        #expect(configuration.port == 8080)
        #expect(configuration.stallDeadline == .seconds(5))
    }

    @Test func methodsHaveSettingsOfTheirOwn() async throws {
        let file = try file(
            """
            {"methods": {
              "shop.v1.Shop": {"stallDeadline": "5s", "maximumRequest": "1MiB"},
              "shop.v1.Shop/Watch": {"idleDeadline": "10m"}
            }}
            """)
        #expect(file.methods == ["shop.v1.Shop", "shop.v1.Shop/Watch"])
        let configuration = try await ServerConfiguration(from: ConfigReader(provider: file), methods: file.methods)
        #expect(configuration.overrides["shop.v1.Shop"]?.stallDeadline == .seconds(5))
        #expect(configuration.overrides["shop.v1.Shop"]?.maximumRequestBytes == 1_048_576)
        #expect(configuration.overrides["/shop.v1.Shop/Watch"]?.idleDeadline == .seconds(600))
        #expect(configuration.overrides.count == 2)
        try file.checkKeys()
    }

    @Test func whatIsWrongIsSaidWithFileKeyAndFix() async throws {
        let file = try file(
            """
            {
              "stallDeadline": "soon",
              "streamBuffer": "64potatoes",
              "threads": 1.5,
              "methods": { "a.B": { "tailDeadline": 7, "idleDeadline": "never" } }
            }
            """)
        let sources = SettingsSources(flags: ["port": "many"], environment: ["WEIR_DRAIN_GRACE": ""], file: file)
        var reader = SettingsReader(sources.reader, source: { sources.source(of: $0) })
        var configuration = ServerConfiguration()
        await reader.read(ServerSettings.all, into: &configuration)
        await reader.readMethods(file.methods, into: &configuration)
        #expect(
            reader.problems.map(\.description) == [
                #"--port "many" is not a whole number (write it as 8 or 1000)"#,
                #"server.json:4: threads "1.5" is not a whole number (write it as 8 or 1000)"#,
                #"server.json:2: stallDeadline "soon" is not a duration (write it as 250ms, 30s, 5m or 1h)"#,
                #"server.json:3: streamBuffer "64potatoes" is not a size (write it as 65536, 64KiB or 4MiB)"#,
                #"WEIR_DRAIN_GRACE "" is not a duration (write it as 250ms, 30s, 5m or 1h)"#,
                #"server.json:5: methods.a.B.tailDeadline "7" is not a duration (write it as 250ms, 30s, 5m or 1h)"#,
                "server.json:5: methods.a.B.idleDeadline never can be set for the whole server only; leave it out here",
            ])
    }

    @Test func keysThatMeanNothingAreErrors() async throws {
        let file = try file(
            """
            {
              "stallDeadlin": "5s", "wat": 1, "port": null, "host": ["a"],
              "methods": { "a.B": { "port": 7, "stalDeadline": "1s" }, "a.C": "1s" },
              "limits": { "port": 1 }
            }
            """)
        let problems = await problems { try file.checkKeys() }
        #expect(problems.count == 8)
        #expect(problems[0] == "server.json:2: stallDeadlin is no setting (did you mean stallDeadline?)")
        #expect(problems[1].hasPrefix("server.json:2: wat is no setting (there are: host, port, "))
        #expect(problems[2].hasPrefix("server.json:2: port is null"))
        #expect(problems[3].hasPrefix("server.json:2: host is a list"))
        #expect(problems[4].hasPrefix("server.json:3: methods.a.B.port cannot be set for a method or service"))
        #expect(problems[5] == "server.json:3: methods.a.B.stalDeadline is no setting (did you mean stallDeadline?)")
        #expect(problems[6].hasPrefix("server.json:3: methods.a.C has to be an object"))
        #expect(problems[7].hasPrefix("server.json:4: limits.port is no setting"))
    }

    @Test func whatDoesNotFitTogetherIsSaid() async throws {
        let file = try file(#"{"streamBuffer": "8MiB"}"#)
        var configuration = ServerConfiguration()
        let problems = await problems { try await configuration.update(from: ConfigReader(provider: file)) }
        #expect(problems.count == 1 && problems[0].contains("connectionSendBudgetBytes"))
        #expect(configuration.streamBufferBytes == ServerConfiguration().streamBufferBytes, "nothing is changed")
    }

    @Test func aVariableThatKubernetesMadeIsKnown() {
        let sources = SettingsSources(flags: [:], environment: ["WEIR_PORT": "tcp://10.0.0.7:50051"], file: nil)
        #expect(sources.problems(ServerSettings.all).first?.message.contains("enableServiceLinks: false") == true)
        let flagged = SettingsSources(flags: ["port": "1"], environment: sources.environment, file: nil)
        #expect(flagged.problems(ServerSettings.all).isEmpty)
    }

    @Test func aMisspeltVariableIsNoticed() {
        let sources = SettingsSources(
            flags: [:],
            environment: ["WEIR_STAL_DEADLINE": "1s", "WEIR_BINARY": "/x", "WEIR_STALL_DEADLINE": "1s"], file: nil)
        let misspelt = sources.misspelt(ServerSettings.all)
        #expect(misspelt.map(\.name) == ["WEIR_STAL_DEADLINE"])
        #expect(misspelt.map(\.meant) == ["WEIR_STALL_DEADLINE"])
    }
}
