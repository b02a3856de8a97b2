// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import Logging
internal import UnixSignals
internal import WeirInterop
internal import WeirServer
internal import WeirServices

/// Serves `grpc.testing.TestService` to clients of any make.
@main
struct InteropServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-interop-server",
        abstract: "Serve grpc.testing.TestService, which gRPC's interoperability cases call.",
        discussion: """
            Takes the flags that gRPC's own interoperability servers take, so that scripts made for those can start it. Listens \
            on the loopback address only, unless told otherwise by --host, and is ready once it has printed its address.

            SIGTERM or SIGINT drains and ends. SIGUSR1 prints what the server holds at the moment as one line of JSON.
            """)

    @Option(help: "Name or address to listen on; 0.0.0.0 for all.")
    var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 picks a free one and prints it.")
    var port = 10_000
    @Option(help: "Event loops, each a thread. (default: one per core)")
    var threads: Int?

    @OptionGroup
    var security: SecurityOptions

    static func main() async {
        await main(InteropFlag.spelledOut(CommandLine.arguments.dropFirst(), flags: ["use_tls", "use_alts"]))
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var configuration = ServerConfiguration()
        configuration.host = host
        configuration.port = port
        if let threads { configuration.threads = threads }
        let logger = Logger(label: "weir-interop-server") { StreamLogHandler.standardError(label: $0) }
        // The case `orca_oob` looks for its reports within seconds.
        let load = LoadReportService(minimumInterval: .milliseconds(100))
        let services: [any Service] = [TestService(clock: ContinuousClock(), load: load.recorder)]
        let server = Server(
            configuration: configuration, services: services + StandardServices(load: load).all, logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
        say("weir-interop-server: serving on \(try await server.start())")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals {
                    if signal == .sigusr1 { say(await server.snapshot().json) } else { server.shutdown() }
                }
            }
            try await server.run()
            group.cancelAll()
        }
    }
}

/// Prints a line at once, also into a pipe.
private func say(_ text: String) {
    print(text)
    fflush(nil)
}

extension ServerSnapshot {
    /// One line for machines.
    fileprivate var json: String {
        "{\"event\":\"snapshot\",\"connections\":\(connections),\"streams\":\(streams),\"handlers\":\(handlers),"
            + "\"held_bytes\":\(heldBytes),\"received_bytes\":\(receivedBytes),\"suspended_senders\":\(suspendedSenders),\"timers\":\(timers)}"
    }
}
