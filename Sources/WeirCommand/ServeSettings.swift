// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import WeirConfiguration
internal import WeirDataService
internal import WeirServer

/// Everything that `weir serve` can be told, by flags, environment and file.
struct ServeSettings: Sendable {
    /// The server's part.
    var server: ServerConfiguration
    /// The directory whose files are served.
    var data: String?
    /// Ticks per second of the data set `live`.
    var liveRate = 10.0
    /// What becomes of ticks of `live` that a client is too slow to take.
    var livePolicy = LivePolicy.latest
    /// Whether clients are told which services and types there are.
    var reflection = true
    /// Whether clients are told what the server's connections do.
    var channelz = true
    /// What is logged.
    var logLevel = Logger.Level.info

    /// The service that it serves.
    static let service = "weir.data.v1.DataService"

    /// Defaults, those of `weir serve` included.
    init() {
        server = ServerConfiguration()
        var service = ServerConfiguration.MethodSettings()
        service.maximumRequestBytes = DataService.maximumRequestBytes
        server.overrides[Self.service] = service
    }

    /// The rows of what is the command's and not any server's.
    static let own: [Setting<ServeSettings>] = [
        Setting(
            "data", .text("dir"), \.data, none: "none", "Directory whose files are served, by relative name."),
        Setting("liveRate", .number, \.liveRate, "Ticks per second of the data set \"live\"."),
        Setting(
            "livePolicy", .livePolicy, \.livePolicy,
            "What becomes of ticks that a client is too slow to take: latest, dropOldest:1000, suspend:100, ..."),
        Setting("reflection", .toggle, \.reflection, "Tell clients which services and types there are."),
        Setting("channelz", .toggle, \.channelz, "Tell clients what the server's connections do."),
        Setting(
            "logLevel", .choice, \.logLevel, "What is logged: trace, debug, info, notice, warning, error, critical."),
    ]

    /// All rows.
    static let table: [Setting<ServeSettings>] = ServerSettings.all.map { $0.lifted(\.server) } + own

    /// Reads all of it.
    ///
    /// - Throws: `SettingsError` with everything that is wrong.
    static func read(_ sources: SettingsSources) async throws -> ServeSettings {
        var problems = sources.problems(table)
        var sources = sources
        if problems.contains(where: { $0.source == "WEIR_PORT" }) { sources.environment["WEIR_PORT"] = nil }
        var settings = ServeSettings()
        var reader = SettingsReader(sources.reader, source: { sources.source(of: $0) })
        await reader.read(table, into: &settings)
        await reader.readMethods(sources.file?.methods ?? [], into: &settings.server)
        if problems.isEmpty, reader.problems.isEmpty, let problem = settings.server.problem {
            reader.note(problem, settings: table.map(\.name))
        }
        for problem in reader.problems
        where !problems.contains(where: { $0.source == problem.source && $0.key == problem.key }) {
            problems.append(problem)
        }
        guard problems.isEmpty else { throw SettingsError(problems) }
        return settings
    }

    /// Looks whether a server of these settings can start.
    ///
    /// - Throws: `SettingsError` when they speak of what it does not serve.
    static func check(_ server: Server, _ sources: SettingsSources) throws {
        guard let problem = server.problem else { return }
        var reader = SettingsReader(sources.reader, source: { sources.source(of: $0) })
        reader.note(problem, settings: table.map(\.name))
        // Only a file has settings of methods.
        if let file = sources.file, let method = file.methods.first(where: { problem.contains($0 + ":") }) {
            throw SettingsError([.init(source: file.source(ofMethod: method), key: "", message: problem)])
        }
        try reader.finish()
    }

    /// The effective values and where each of them comes from, for a person.
    func text(_ sources: SettingsSources) -> String {
        var rows = Self.table.map { [$0.name, $0.value(self), sources.source(of: [$0.name]) ?? "default"] }
        let given = sources.file?.methods ?? []
        for name in (given + [Self.service].filter { !given.contains($0) }) {
            let path = name.contains("/") && !name.hasPrefix("/") ? "/" + name : name
            guard let settings = server.overrides[path] else { continue }
            for setting in ServerSettings.all {
                guard let value = setting.method?.value(settings) else { continue }
                let source = sources.source(of: ["methods", name, setting.name])
                rows.append(["methods.\(name).\(setting.name)", value, source ?? "default"])
            }
        }
        return SettingsTable.aligned(rows)
    }
}

extension SettingKind where Value == LivePolicy {
    /// What becomes of ticks.
    static var livePolicy: Self {
        Self(
            valueName: "policy", noun: "a policy", form: LivePolicy.form,
            parse: { LivePolicy($0, duration: UnitText.duration) },
            render: { $0.text { UnitText.text($0) } })
    }
}
