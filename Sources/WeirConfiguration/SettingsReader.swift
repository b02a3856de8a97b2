// SPDX-License-Identifier: Apache-2.0

package import Configuration
package import WeirServer

/// Reads a table of settings from a reader of swift-configuration, and collects everything that is wrong.
package struct SettingsReader {
    private let config: ConfigReader
    private let source: (_ key: [String]) -> String?
    /// What was wrong so far.
    package private(set) var problems: [SettingsError.Problem] = []

    /// Makes a reader; `source` says where a key's value stands.
    package init(_ config: ConfigReader, source: @escaping (_ key: [String]) -> String? = { _ in nil }) {
        self.config = config
        self.source = source
    }

    /// Writes every value that is there into the root.
    package mutating func read<Root>(_ settings: [Setting<Root>], into root: inout Root) async {
        for setting in settings {
            guard let text = await text([setting.name]) else { continue }
            if let problem = setting.set(&root, text) { note([setting.name], problem) }
        }
    }

    /// Writes every value that is there for these services and methods, as a file names them, into the overrides.
    package mutating func readMethods(_ names: [String], into configuration: inout ServerConfiguration) async {
        for name in names {
            let path = Self.path(name)
            var settings = configuration.overrides[path] ?? ServerConfiguration.MethodSettings()
            for setting in ServerSettings.all {
                guard let method = setting.method else { continue }
                let key = [SettingsFile.methodsKey, name, setting.name]
                guard let text = await text(key) else { continue }
                if let problem = method.set(&settings, text) { note(key, problem) }
            }
            configuration.overrides[path] = settings
        }
    }

    /// Adds what a server would say of the whole, with where the settings it speaks of come from.
    package mutating func note(_ problem: String, settings: [String]) {
        let sources = settings.filter { ServerSettings.isMentioned($0, in: problem) }.compactMap { source([$0]) }
        problems.append(
            .init(source: sources.isEmpty ? nil : sources.joined(separator: ", ") + ":", key: "", message: problem))
    }

    /// - Throws: ``SettingsError`` when anything was wrong.
    package func finish() throws(SettingsError) {
        if !problems.isEmpty { throw SettingsError(problems) }
    }

    /// How the server knows what a file calls `package.Service` or `package.Service/Method`.
    static func path(_ name: String) -> String { name.contains("/") && !name.hasPrefix("/") ? "/" + name : name }

    private mutating func note(_ key: [String], _ message: String) {
        problems.append(.init(source: source(key), key: key.joined(separator: "."), message: message))
    }

    /// A value as text, whatever type it has where it stands; nil when it is nowhere.
    private mutating func text(_ key: [String]) async -> String? {
        let config = config
        let name = ConfigKey(key)
        do {
            return try await config.fetchString(forKey: name)
        } catch {
            // Sources that know types give a number only to who asks for one.
            if let value = try? await config.fetchInt(forKey: name) { return "\(value)" }
            if let value = try? await config.fetchDouble(forKey: name) { return "\(value)" }
            if let value = try? await config.fetchBool(forKey: name) { return "\(value)" }
            note(key, "cannot be read: \(error)")
            return nil
        }
    }
}
