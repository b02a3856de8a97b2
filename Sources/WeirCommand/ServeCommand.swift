// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import Logging
internal import NIOPosix
internal import UnixSignals
internal import WeirConfiguration
internal import WeirDataService
internal import WeirServer
internal import WeirServices

/// `weir serve`: the DataService over the files of a directory.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve files, synthetic data and a ticker to gRPC clients.",
        discussion: """
            Serves weir.data.v1.DataService (see protos/weir/data/v1/data_service.proto) on plaintext HTTP/2. Data sets are
            "synthetic" (endless deterministic bytes), "live" (a ticker) and every file below --data, by relative name.

            A stream whose client does not read is suspended; one that has not moved a byte for --stall-deadline is
            cancelled with RESOURCE_EXHAUSTED, a text that names the cause, and when to come back.

            SIGTERM or SIGINT drains: no new calls, running ones have --drain-grace to end. A second signal exits at once.
            SIGUSR1 prints what the server holds at the moment as one line of JSON.

            Every setting can also stand in a file (--config) and in the environment (--stall-deadline is
            WEIR_STALL_DEADLINE); flags come first, then the environment, then the file. --print-config shows what is in force.

            Example: weir serve --data sample-data --stall-deadline 30s --stream-buffer 64KiB

            Durations are written 250ms, 30s, 5m or 1h; sizes 65536, 64KiB or 4MiB.
            """)

    @Option(help: ArgumentHelp("File of settings (JSON); see docs/configuration.md.", valueName: "file"))
    var config: String?
    @Flag(help: "Print all settings, and where each of them comes from, and end.")
    var printConfig = false
    @OptionGroup(title: "Settings")
    var flags: ServeFlags

    func run() async throws {
        let sources = try self.sources()
        for (name, meant) in sources.misspelt(ServeSettings.table) {
            CommandFailure.say("\(name) is no setting (did you mean \(meant)?)")
        }
        let settings = try await ServeSettings.read(sources)
        let logger = Self.makeLogger(settings.logLevel)
        signal(SIGPIPE, SIG_IGN)
        let threadPool = NIOThreadPool(numberOfThreads: max(2, settings.server.threads))
        threadPool.start()
        let catalog: DatasetCatalog
        do {
            catalog = try DatasetCatalog(
                root: settings.data, liveRate: settings.liveRate, livePolicy: settings.livePolicy,
                threadPool: threadPool)
        } catch {
            throw CommandFailure(settings.data == nil ? .usage : .noInput, "\(error)")
        }
        let standard = StandardServices(reflection: settings.reflection, channelz: settings.channelz)
        let server = Server(
            configuration: settings.server, services: [DataService(catalog: catalog)] + standard.all, logger: logger)
        try ServeSettings.check(server, sources)
        if printConfig { return try StandardOutput.write(settings.text(sources)) }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
        do {
            let address = try await server.start()
            try StandardOutput.line(greeting(address, await catalog.summary()))
        } catch let error as ServerError {
            throw CommandFailure(error.code == .badConfiguration ? .usage : .unavailable, error.message)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.obey(signals, server, logger) }
            do {
                try await server.run()
            } catch {
                logger.error("the server ended", metadata: ["error": "\(error)"])
            }
            group.cancelAll()
        }
        try? await threadPool.shutdownGracefully()
    }

    private static func obey(_ signals: UnixSignalsSequence, _ server: Server, _ logger: Logger) async {
        var isEnding = false
        for await signal in signals {
            if signal == .sigusr1 {
                do {
                    try StandardOutput.line(await server.snapshot().json)
                } catch {
                    logger.error("the snapshot was not written", metadata: ["error": "\(error)"])
                }
            } else if isEnding {
                // 128 + SIGTERM, as shells report it.
                Glibc.exit(143)
            } else {
                isEnding = true
                server.shutdown()
            }
        }
    }

    private func greeting(_ address: String, _ summary: String) -> String {
        "weir: serving on \(address) | data sets: \(summary) | try: head -c5 /dev/zero | curl -s --http2-prior-knowledge "
            + "-H content-type:application/grpc --data-binary @- "
            + "http://\(address)/weir.data.v1.DataService/ListDatasets | strings"
    }

    private func sources() throws -> SettingsSources {
        if let config, access(config, R_OK) != 0 {
            throw CommandFailure(.noInput, "\(config) cannot be read: \(String(cString: strerror(errno)))")
        }
        return SettingsSources(
            flags: flags.values, environment: Self.environment, file: try config.map { try SettingsFile(path: $0) })
    }

    private static var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // Of a name that stands there twice getenv(3) sees the first one.
            if parts.count == 2, variables[String(parts[0])] == nil { variables[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return variables
    }

    private static func makeLogger(_ level: Logger.Level) -> Logger {
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return Logger(label: "weir")
    }
}

extension DatasetCatalog {
    /// What is served, in a few words.
    fileprivate func summary() async -> String {
        guard let listing = try? await listing() else { return "synthetic, live" }
        let names = listing.entries.map(\.name)
        let shown = names.prefix(5).joined(separator: ", ")
        let more = names.count > 5 ? " and \(names.count - 5)\(listing.isComplete ? "" : "+") more" : ""
        return shown + more
    }
}

extension ServerSnapshot {
    /// One line for machines.
    fileprivate var json: String {
        "{\"event\":\"snapshot\",\"connections\":\(connections),\"streams\":\(streams),\"handlers\":\(handlers),"
            + "\"held_bytes\":\(heldBytes),\"received_bytes\":\(receivedBytes),\"suspended_senders\":\(suspendedSenders),\"timers\":\(timers)}"
    }
}
