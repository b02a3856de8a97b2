// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import Glibc
import Logging
import WeirBackpressure
import WeirInterop
import WeirRPC
import WeirServer

/// Serves a method that sends its request back, with as many interceptors as asked for: what `scripts/bench calls` measures.
@main
struct CallsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-calls", abstract: "Serve /weir.bench.Echo/Echo, behind interceptors or not.")

    @Option(help: "Name or address to listen on.")
    var host = "127.0.0.1"
    @Option(help: "Port to listen on; 0 picks a free one and prints it.")
    var port = 0
    @Option(help: "Event loops, each a thread.")
    var threads = 1
    @Option(help: "Pairs of interceptors: one that looks a token up and hands a user on, one that counts outcomes.")
    var pairs = 0

    @Option(
        help: "Admission before handlers: none, standard (a chain that lets all in) or closed (one that lets none in).")
    var admission = Admission.none

    /// What stands before the handlers.
    enum Admission: String, ExpressibleByArgument, CaseIterable {
        case none, standard, closed

        var server: ServerAdmission {
            switch self {
            case .none: ServerAdmission()
            case .standard: ServerAdmission(.standard(cores: 1_000))
            case .closed: ServerAdmission(AdmissionChain([RateLimit(perSecond: 1e-9, burst: 1, by: .everyone)]))
            }
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var configuration = ServerConfiguration()
        configuration.host = host
        configuration.port = port
        configuration.threads = threads
        let interceptors = (0..<pairs).flatMap { _ in [Counting(), Authenticating()] as [any ServerInterceptor] }
        let server = Server(
            configuration: configuration, services: [Echo()], interceptors: interceptors, admission: admission.server,
            logger: Logger(label: "weir-calls") { StreamLogHandler.standardError(label: $0) })
        signal(SIGTERM, SIG_IGN)
        let terminated = DispatchSource.makeSignalSource(signal: SIGTERM)
        terminated.setEventHandler { server.shutdown() }
        terminated.resume()
        print("weir-calls: serving on \(try await server.start())")
        fflush(nil)
        try await server.run()
    }
}
