// SPDX-License-Identifier: Apache-2.0

public import Configuration
public import WeirServer

extension ServerConfiguration {
    /// Reads a configuration: defaults, and in their place whatever the reader has.
    ///
    /// ```swift
    /// let file = try SettingsFile(path: "server.json")
    /// try file.checkKeys()
    /// let config = ConfigReader(providers: [EnvironmentVariablesProvider().prefixKeys(with: "weir"), file])
    /// let configuration = try await ServerConfiguration(from: config, methods: file.methods)
    /// ```
    ///
    /// The keys are those of docs/configuration.md; durations are written `30s`, sizes `64KiB`. Any provider will do, and
    /// `config.scoped(to:)` where the settings stand below a key of their own.
    ///
    /// Suspends while providers fetch values; those of swift-configuration itself do not.
    ///
    /// - Parameter methods: the services (`package.Service`) and methods (`package.Service/Method`) that have settings of
    ///   their own, below `methods`; a reader cannot list its keys.
    /// - Throws: ``SettingsError`` with everything that is wrong.
    public init(from config: ConfigReader, methods: [String] = []) async throws {
        self.init()
        try await update(from: config, methods: methods)
    }

    /// Replaces what the reader has a value for, and leaves the rest as it is; see ``init(from:methods:)``.
    ///
    /// - Throws: ``SettingsError`` with everything that is wrong; nothing is changed then.
    public mutating func update(from config: ConfigReader, methods: [String] = []) async throws {
        var reader = SettingsReader(config)
        var updated = self
        await reader.read(ServerSettings.all, into: &updated)
        await reader.readMethods(methods, into: &updated)
        if reader.problems.isEmpty, let problem = updated.problem { reader.note(problem, settings: []) }
        try reader.finish()
        self = updated
    }
}
