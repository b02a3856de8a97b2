// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import Logging
internal import NIOPosix
internal import UnixSignals
internal import WeirDataService
internal import WeirRPC
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

            Example: weir serve --data sample-data --stall-deadline 30s --stream-buffer 64KiB

            Durations are written 250ms, 30s, 5m or 1h; sizes 65536, 64KiB or 4MiB.
            """)

    @Option(help: "Name or address to listen on.")
    var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 picks a free one and prints it.")
    var port = 50051
    @Option(help: ArgumentHelp("Directory whose files are served, by relative name.", valueName: "dir"))
    var data: String?
    @Option(help: "Event loops, each a thread. (default: one per core)")
    var threads: Int?
    @Option(help: ArgumentHelp("Cancel a stream blocked this long without progress.", valueName: "duration"))
    var stallDeadline = "60s"
    @Option(
        help: ArgumentHelp(
            "As --stall-deadline, once the handler is done and its tail is unsent.", valueName: "duration"))
    var tailDeadline = "60s"
    @Option(
        help: ArgumentHelp(
            "Cancel a stream on which nothing is sent or received this long. (default: never)", valueName: "duration"))
    var idleDeadline: String?
    @Option(
        help: ArgumentHelp(
            "Cancel a stream whose client reads fewer bytes per second, over 30s. (default: none)", valueName: "size"))
    var minimumRate: String?
    @Option(
        help: ArgumentHelp(
            "Close a connection whose preface, SETTINGS or their acknowledgement take longer.", valueName: "duration"))
    var handshakeDeadline = "10s"
    @Option(
        help: ArgumentHelp(
            "Close a connection with a frame or header fields unfinished for longer.", valueName: "duration"))
    var frameDeadline = "10s"
    @Option(
        help: ArgumentHelp(
            "Refuse a request that is not whole after this; each KiB of it buys a second more.", valueName: "duration"))
    var requestDeadline = "10s"
    @Option(help: ArgumentHelp("Bytes a stream queues before its sender is suspended.", valueName: "size"))
    var streamBuffer = "64KiB"
    @Option(help: ArgumentHelp("Calls a client may have open on one connection.", valueName: "n"))
    var maxConcurrentStreams = 1000
    @Option(help: ArgumentHelp("Ticks per second of the data set \"live\".", valueName: "n"))
    var liveRate = 10.0
    @Option(help: ArgumentHelp("How long running calls may take to end after SIGTERM.", valueName: "duration"))
    var drainGrace = "30s"
    @Flag(inversion: .prefixedNo, help: "Tell clients which services and types there are.")
    var reflection = true
    @Flag(inversion: .prefixedNo, help: "Tell clients what the server's connections do.")
    var channelz = true
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func run() async throws {
        let configuration = try serverConfiguration()
        let logger = try makeLogger()
        signal(SIGPIPE, SIG_IGN)
        let threadPool = NIOThreadPool(numberOfThreads: max(2, configuration.threads))
        threadPool.start()
        let catalog: DatasetCatalog
        do {
            catalog = try DatasetCatalog(root: data, liveRate: liveRate, threadPool: threadPool)
        } catch {
            throw CommandFailure(data == nil ? .usage : .noInput, "\(error)")
        }
        let standard = StandardServices(reflection: reflection, channelz: channelz)
        let server = Server(
            configuration: configuration, services: [DataService(catalog: catalog)] + standard.all, logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
        do {
            let address = try await server.start()
            StandardOutput.line(greeting(address, await catalog.summary()))
        } catch let error as ServerError {
            throw CommandFailure(error.code == .badConfiguration ? .usage : .unavailable, error.message)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.obey(signals, server) }
            do {
                try await server.run()
            } catch {
                logger.error("the server ended", metadata: ["error": "\(error)"])
            }
            group.cancelAll()
        }
        try? await threadPool.shutdownGracefully()
    }

    private static func obey(_ signals: UnixSignalsSequence, _ server: Server) async {
        var isEnding = false
        for await signal in signals {
            if signal == .sigusr1 {
                StandardOutput.line(await server.snapshot().json)
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

    private func serverConfiguration() throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.host = host
        configuration.port = port
        if let threads { configuration.threads = threads }
        configuration.stallDeadline = try duration(stallDeadline, "--stall-deadline")
        configuration.tailDeadline = try duration(tailDeadline, "--tail-deadline")
        if let idleDeadline { configuration.idleDeadline = try duration(idleDeadline, "--idle-deadline") }
        if let minimumRate {
            configuration.minimumRate = MinimumRate(bytesPerSecond: try size(minimumRate, "--minimum-rate"))
        }
        configuration.handshakeDeadline = try duration(handshakeDeadline, "--handshake-deadline")
        configuration.frameDeadline = try duration(frameDeadline, "--frame-deadline")
        configuration.requestDeadline = try duration(requestDeadline, "--request-deadline")
        configuration.drainGrace = try duration(drainGrace, "--drain-grace")
        configuration.streamBufferBytes = try size(streamBuffer, "--stream-buffer")
        configuration.maxConcurrentStreams = maxConcurrentStreams
        var service = ServerConfiguration.MethodSettings()
        service.maximumRequestBytes = DataService.maximumRequestBytes
        configuration.overrides["weir.data.v1.DataService"] = service
        if let problem = configuration.problem { throw CommandFailure(.usage, problem) }
        return configuration
    }

    private func duration(_ text: String, _ option: String) throws -> Duration {
        guard let duration = UnitText.duration(text) else {
            throw CommandFailure(
                .usage, "\(option) \(text) is not a duration", hint: "write it as 250ms, 30s, 5m or 1h")
        }
        return duration
    }

    private func size(_ text: String, _ option: String) throws -> Int {
        guard let bytes = UnitText.bytes(text) else {
            throw CommandFailure(.usage, "\(option) \(text) is not a size", hint: "write it as 65536, 64KiB or 4MiB")
        }
        return bytes
    }

    private func makeLogger() throws -> Logger {
        guard let level = Logger.Level(rawValue: logLevel.lowercased()) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(.usage, "--log-level \(logLevel) is not a level", hint: "one of \(levels)")
        }
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
