// SPDX-License-Identifier: Apache-2.0

package import Configuration

/// Where a command's settings come from, first come first: flags, environment, file.
package struct SettingsSources: Sendable {
    /// The values of flags, by the settings' names.
    package var flags: [String: String]
    /// The environment.
    package var environment: [String: String]
    /// The file, if there is one.
    package var file: SettingsFile?

    /// Makes the sources.
    package init(flags: [String: String], environment: [String: String], file: SettingsFile?) {
        self.flags = flags
        self.environment = environment
        self.file = file
    }

    /// A reader that asks them in their order.
    package var reader: ConfigReader {
        let flags = InMemoryProvider(
            name: "flags",
            values: Dictionary(
                self.flags.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
            ) { first, _ in first })
        let environment = EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "weir")
        return ConfigReader(providers: [flags, environment] + (file.map { [$0] } ?? []))
    }

    /// Where the value of a key stands: the flag, the variable or the file's line; nil when nobody set it.
    package func source(of key: [String]) -> String? {
        if key.count == 1, flags[key[0]] != nil { return "--" + SettingName.words(key[0]).joined(separator: "-") }
        if key.count == 1 {
            let name = "WEIR_" + SettingName.words(key[0]).joined(separator: "_").uppercased()
            if environment[name] != nil { return name }
        }
        return file?.source(of: key)
    }

    /// What is in the file and means nothing, and variables that Kubernetes made for a service of the name `weir`.
    package func problems<Root>(_ settings: [Setting<Root>]) -> [SettingsError.Problem] {
        var problems =
            file?.unknownKeys(
                settings: settings.map(\.name), ofMethods: settings.filter { $0.method != nil }.map(\.name)) ?? []
        if flags["port"] == nil, let port = environment["WEIR_PORT"], port.hasPrefix("tcp://") {
            problems.append(
                .init(
                    source: "WEIR_PORT", key: "port",
                    message:
                        "\"\(port)\" was made by Kubernetes for a service called weir: set enableServiceLinks: false in "
                        + "the pod, or give --port"))
        }
        return problems
    }

    /// Variables that look like a setting's and are none, each with the name that was most likely meant.
    package func misspelt<Root>(_ settings: [Setting<Root>]) -> [(name: String, meant: String)] {
        let names = settings.map(\.environmentName)
        return environment.keys.sorted().compactMap { name in
            guard name.hasPrefix("WEIR_"), !names.contains(name),
                let meant = SettingName.nearest(to: name, in: names)
            else { return nil }
            return (name, meant)
        }
    }
}
