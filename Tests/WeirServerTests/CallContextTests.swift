// SPDX-License-Identifier: Apache-2.0

import Logging
import Testing
import WeirRPC
import WeirServer
import WeirTesting

/// Keeps what is logged, and counts the handlers that were made.
private struct KeepingLog: LogHandler {
    let lines: Shared<[String]>
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let fields = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.update { $0.append("\(event.message) " + fields.joined(separator: " ")) }
    }
}

@Suite("What a handler knows of its call")
struct CallContextTests {
    private func run(
        _ fields: [(String, String)] = [], stream: Int32 = 1, connections: Int = 1,
        lines: Shared<[String]> = Shared([]),
        interceptors: [any ServerInterceptor] = [],
        _ body: @escaping @Sendable (RequestStream<Note>, CallContext) async throws -> Note
    ) throws -> RawPeer.Response {
        var service = StreamService()
        service.record = body
        let simulation = try Simulation(
            services: [service], interceptors: interceptors,
            logger: Logger(label: "test") { _ in KeepingLog(lines: lines) })
        var client = simulation.connect(
            ScriptClient([.call(StreamService.record.path, stream: stream, fields), .halfClose(stream: stream)]))
        for _ in 1..<connections {
            client = simulation.connect(
                ScriptClient([.call(StreamService.record.path, stream: stream, fields), .halfClose(stream: stream)]))
        }
        try simulation.run(for: .seconds(1))
        return client.peer[stream]
    }

    @Test("the logger tells the call from others; an interceptor's additions are in the handler's lines")
    func logger() throws {
        let lines = Shared<[String]>([])
        let adding = Around { context, next in
            var context = context
            context.logger[metadataKey: "user"] = "eva"
            try await next(context)
        }
        _ = try run(stream: 5, connections: 2, lines: lines, interceptors: [adding]) { _, context in
            context.logger.info("hello", metadata: ["more": "1"])
            return Note("")
        }
        let common = "weir.method=/test.Streams/Record weir.peer=192.0.2.1:"
        #expect(
            lines.value == [
                "hello more=1 user=eva weir.connection=1 \(common)1024 weir.request_id=1-5 weir.stream=5",
                "hello more=1 user=eva weir.connection=2 \(common)1025 weir.request_id=2-5 weir.stream=5",
            ])
    }

    @Test("an error that is no RPCError is logged with the call's fields, and its text goes to nobody else")
    func strangeErrors() throws {
        struct Secret: Error {}
        let lines = Shared<[String]>([])
        let response = try run(lines: lines) { _, _ in throw Secret() }
        #expect(response.statusCode == .unknown)
        #expect(response.message == "the handler failed")
        #expect(lines.value.count == 1)
        #expect(lines.value.first?.contains("error=Secret()") == true)
        #expect(lines.value.first?.contains("weir.request_id=1-1") == true)
    }

    @Test(
        "a client's own request id is taken if it is of a sensible length",
        arguments: [1, 128, 0, 129])
    func requestID(length: Int) throws {
        let id = String(repeating: "x", count: length)
        let seen = Shared("")
        _ = try run([("x-request-id", id)]) { _, context in
            seen.set(context.requestID)
            return Note("")
        }
        #expect(seen.value == (length == 1 || length == 128 ? id : "1-1"))
    }

    @Test("peer, ids and what the client says of itself")
    func identity() throws {
        let seen = Shared<[String]>([])
        _ = try run([("user-agent", "test/1")]) { _, context in
            seen.set([
                context.peer.host ?? "-", "\(context.peer.port ?? -1)", context.peer.unixPath ?? "-",
                "\(context.connectionID)", "\(context.streamID)", context.userAgent ?? "-", context.authority ?? "-",
                "\(context.timeRemaining == nil)", "\(context.isCancelled)", "\(context.peer.certificate == nil)",
            ])
            return Note("")
        }
        #expect(seen.value == ["192.0.2.1", "1024", "-", "1", "1", "test/1", "localhost", "true", "false", "true"])
    }

    @Test("a call whose client cancelled knows it, one whose handler returned does not")
    func cancelled() throws {
        let contexts = Shared<[CallContext]>([])
        var service = StreamService()
        service.chat = { requests, _, context in
            contexts.update { $0.append(context) }
            for try await _ in requests {}
        }
        let simulation = try Simulation(services: [service])
        let path = StreamService.chat.path
        simulation.connect(
            ScriptClient([
                .send(after: .zero, [.call(path), .call(path, stream: 3), .halfClose(stream: 3)]),
                .send(after: .milliseconds(100), [.reset(1, code: 8)]),
            ]))
        try simulation.run(for: .seconds(1))
        #expect(contexts.value.map(\.streamID).sorted() == [1, 3])
        for context in contexts.value {
            #expect(context.isCancelled == (context.streamID == 1))
            #expect(context.endError?.code == (context.streamID == 1 ? .cancelled : nil))
        }
    }

    @Test("an error of the application that knows its status is thrown as it is")
    func convertible() throws {
        struct NoSuchBook: RPCErrorConvertible {
            var rpcError: RPCError { RPCError(.notFound, "no such book") }
        }
        let lines = Shared<[String]>([])
        let response = try run(lines: lines) { _, _ in throw NoSuchBook() }
        #expect(response.statusCode == .notFound)
        #expect(response.message == "no such book")
        #expect(lines.value.isEmpty)
    }
}
