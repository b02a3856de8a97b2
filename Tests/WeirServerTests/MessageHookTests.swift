// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

@Suite("Interceptors that look at messages")
struct MessageHookTests {
    /// Appends its name to each note, in both directions.
    private static func marking(_ name: String) -> Around {
        Around { context, next in
            var context = context
            context.onRequest(Note.self) { note in note = Note(note.text + ">" + name) }
            context.onResponse(Note.self) { note in note = Note(note.text + "<" + name) }
            try await next(context)
        }
    }

    private func run(
        _ method: MethodDescriptor, _ interceptors: [any ServerInterceptor], _ service: StreamService = StreamService()
    ) throws -> RawPeer.Response {
        let simulation = try Simulation(services: [service], interceptors: interceptors)
        let client = simulation.connect(
            ScriptClient([.call(method.path), .note("m"), .halfClose()]))
        try simulation.run(for: .seconds(1))
        let response = client.response
        #expect(try simulation.shutDown())
        return response
    }

    @Test(
        "request messages pass from the outermost in, response messages from the innermost out",
        arguments: [StreamService.ask, StreamService.watch, StreamService.chat])
    func order(method: MethodDescriptor) throws {
        let response = try run(method, [Self.marking("a"), Self.marking("b")])
        #expect(try response.messages(of: Note.self).map(\.text) == ["m>a>b<b<a"])
        #expect(response.statusCode == .ok)
    }

    @Test("of a client-streaming call too")
    func record() throws {
        var service = StreamService()
        service.record = { requests, _ in
            var texts = ""
            for try await note in requests { texts += note.text }
            return Note(texts)
        }
        let response = try run(StreamService.record, [Self.marking("a"), Self.marking("b")], service)
        #expect(try response.messages(of: Note.self).map(\.text) == ["m>a>b<b<a"])
    }

    @Test("each way of sending goes through the hooks")
    func everySend() throws {
        var service = StreamService()
        service.chat = { _, stream, _ in
            try await stream.send(Note("send"))
            try await stream.send(Note("deadline"), deadline: .seconds(1))
            try await stream.send(Note("compressed"), compressed: true)
            try await stream.send(Note("plain"), compressed: false)
            guard case .sent = stream.trySend(Note("try")) else { throw RPCError(.internalError, "refused") }
            try await stream.send(contentsOf: [Note("contents")])
            var left: [Note] = [Note("pull")]
            try await stream.pull { left.popLast() }
        }
        let response = try run(StreamService.chat, [Self.marking("a")], service)
        #expect(
            try response.messages(of: Note.self).map(\.text)
                == ["send", "deadline", "compressed", "plain", "try", "contents", "pull"].map { $0 + "<a" })
    }

    @Test("an observer sees messages of any type; a hook for another type does not")
    func observes() throws {
        let seen = Shared<[String]>([])
        let observing = Around { context, next in
            var context = context
            context.onRequest { message in seen.update { $0.append("in \(type(of: message).protobufName)") } }
            context.onResponse { message in seen.update { $0.append("out \(message.serializedByteCount)") } }
            context.onRequest(Grpc_Testing_Empty.self) { _ in seen.update { $0.append("empty") } }
            try await next(context)
        }
        let response = try run(StreamService.chat, [observing])
        #expect(response.statusCode == .ok)
        #expect(seen.value == ["in grpc.testing.Payload", "out 3"])
    }

    @Test("what a hook throws, receive and send throw")
    func throwing() throws {
        let picky = Around { context, next in
            var context = context
            context.onRequest { _ in throw RPCError(.invalidArgument, "not this") }
            try await next(context)
        }
        for method in [StreamService.ask, StreamService.watch, StreamService.record, StreamService.chat] {
            #expect(try run(method, [picky]).statusCode == .invalidArgument)
        }
        let shy = Around { context, next in
            var context = context
            context.onResponse { _ in throw RPCError(.dataLoss, "not out of here") }
            try await next(context)
        }
        for method in [StreamService.ask, StreamService.watch, StreamService.record, StreamService.chat] {
            let response = try run(method, [shy])
            #expect(response.statusCode == .dataLoss)
            #expect(response.dataBytes == 0)
        }
    }
}
