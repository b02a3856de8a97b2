// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization
import Testing
import WeirRPC
import WeirServer

/// A server on a free port of the loopback interface, for the time of one test.
enum Loopback {
    /// Serves `handler`, runs `test` with the server's address, shuts down, and checks that nothing is left.
    static func serve(
        _ configure: (inout ServerConfiguration) -> Void = { _ in }, handler: @escaping SampleService.Handler,
        test: (Server, String) async throws -> Void
    ) async throws {
        try await serve(configure, SampleService(stream: handler), test: test)
    }

    /// As ``serve(_:handler:test:)``, for the method whose request is a stream too.
    static func serve(
        chat: @escaping SampleService.ChatHandler, test: (Server, String) async throws -> Void
    ) async throws {
        try await serve({ _ in }, SampleService(chat: chat), test: test)
    }

    private static func serve(
        _ configure: (inout ServerConfiguration) -> Void, _ service: SampleService,
        test: (Server, String) async throws -> Void
    ) async throws {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.threads = 1
        configuration.drainGrace = .seconds(5)
        configure(&configuration)
        let server = Server(
            configuration: configuration, services: [service],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let address = try await server.start()
        let running = Task { try await server.run() }
        do {
            try await test(server, address)
            try await isIdle(server)
        } catch {
            server.shutdown()
            try await running.value
            throw error
        }
        server.shutdown()
        try await running.value
    }

    /// No handler, no byte and no deadline is left once the clients are gone.
    private static func isIdle(_ server: Server) async throws {
        try await until("the server holds nothing") {
            let snapshot = await server.snapshot()
            return snapshot == ServerSnapshot()
        }
    }
}

/// Looks again and again until `condition` holds; fails after a minute.
func until(
    _ what: String, peer: SocketPeer? = nil, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    // Generous: the whole suite runs at once, on whatever cores there are.
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    while true {
        try peer?.receive()
        if try await condition() { return }
        guard clock.now < end else {
            Issue.record("this did not happen: \(what)", sourceLocation: sourceLocation)
            throw SocketPeer.Broken(reason: what)
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A value that tests and handlers share.
final class Shared<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    init(_ value: Value) { storage = Mutex(value) }

    var value: Value { storage.withLock { $0 } }

    func set(_ value: Value) { storage.withLock { $0 = value } }

    func update(_ change: (inout Value) -> Void) {
        storage.withLock { value in change(&value) }
    }
}
