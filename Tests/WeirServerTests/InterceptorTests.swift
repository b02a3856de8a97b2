// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

/// An interceptor whose body a test brings along.
struct Around: ServerInterceptor {
    let body: @Sendable (CallContext, NextHandler) async throws -> Void

    func intercept(_ context: CallContext, next: NextHandler) async throws { try await body(context, next) }
}

/// Writes down when it begins, and how it ends.
struct Noting: ServerInterceptor {
    let name: String
    let notes: Shared<[String]>

    func intercept(_ context: CallContext, next: NextHandler) async throws {
        notes.update { $0.append("\(name)(") }
        do {
            try await next(context)
            notes.update { $0.append("\(name))") }
        } catch {
            notes.update { $0.append("\(name):\(RPCError(for: error).code)") }
            throw error
        }
    }
}

@Suite("Interceptors")
struct InterceptorTests {
    static let methods = [StreamService.ask, StreamService.watch, StreamService.record, StreamService.chat]

    private func simulation(
        _ interceptors: [any ServerInterceptor], _ service: StreamService = StreamService(),
        clock: VirtualClock = VirtualClock()
    ) throws -> Simulation {
        try Simulation(clock: clock, services: [service], interceptors: interceptors)
    }

    private func call(
        _ method: MethodDescriptor, _ texts: [String] = ["hello"], _ fields: [(String, String)] = [],
        in simulation: Simulation
    ) throws -> RawPeer.Response {
        let notes = texts.map { RawFrame.note($0) }
        let client = simulation.connect(ScriptClient([.call(method.path, fields)] + notes + [.halfClose()]))
        try simulation.run(for: .seconds(1))
        return client.response
    }

    @Test("the first one declared is the outermost, for each kind of call", arguments: methods)
    func order(method: MethodDescriptor) throws {
        let notes = Shared<[String]>([])
        let simulation = try simulation(["a", "b", "c"].map { Noting(name: $0, notes: notes) })
        let response = try call(method, in: simulation)
        #expect(response.statusCode == .ok)
        #expect(try response.messages(of: Note.self).map(\.text) == [method.name == "Record" ? "1" : "hello"])
        #expect(notes.value == ["a(", "b(", "c(", "c)", "b)", "a)"])
        #expect(try simulation.shutDown())
    }

    @Test("one that throws ends the call in its handler's place, and outer ones see its error", arguments: methods)
    func refuses(method: MethodDescriptor) throws {
        let notes = Shared<[String]>([])
        let simulation = try simulation([
            Noting(name: "out", notes: notes),
            Around { _, _ in
                var metadata = Metadata()
                try metadata.add(name: "www-authenticate", value: "Bearer")
                throw RPCError(.unauthenticated, "no token", metadata: metadata)
            },
            Noting(name: "in", notes: notes),
        ])
        let response = try call(method, in: simulation)
        #expect(response.statusCode == .unauthenticated)
        #expect(response.message == "no token")
        #expect(response.sections.last?["www-authenticate"] == "Bearer")
        #expect(response.dataBytes == 0)
        #expect(notes.value == ["out(", "out:UNAUTHENTICATED"])
        #expect(try simulation.shutDown())
    }

    @Test("it reads method, metadata and peer, and adds metadata at both ends that the handler's own does not replace")
    func metadata() throws {
        var service = StreamService()
        service.record = { requests, context in
            for try await _ in requests {}
            var metadata = Metadata()
            try metadata.add(name: "x-handler", value: "h")
            try await context.setResponseMetadata(metadata)
            context.setTrailingMetadata(metadata)
            return Note("done")
        }
        let seen = Shared<[String]>([])
        let adding = Around { context, next in
            seen.update { seen in
                seen = [
                    context.method.path, context.metadata[string: "x-tenant"] ?? "", "\(context.peer)",
                    context.authority ?? "",
                ]
            }
            var metadata = Metadata()
            try metadata.add(name: "x-interceptor", value: "i")
            try await context.addResponseMetadata(metadata)
            try await next(context)
            #expect(context.trailingMetadata[string: "x-handler"] == "h")
            context.addTrailingMetadata(metadata)
        }
        let simulation = try simulation([adding], service)
        let response = try call(StreamService.record, ["a"], [("x-tenant", "blue")], in: simulation)
        #expect(response.sections.count == 2)
        for section in response.sections {
            #expect(section["x-interceptor"] == "i")
            #expect(section["x-handler"] == "h")
        }
        #expect(seen.value == ["/test.Streams/Record", "blue", "192.0.2.1:1024", "localhost"])
    }

    @Test("what was added to the trailers goes out with an error's status too")
    func trailersOfErrors() throws {
        var service = StreamService()
        service.record = { _, _ in
            var metadata = Metadata()
            try metadata.add(name: "x-reason", value: "r")
            throw RPCError(.aborted, "no", metadata: metadata)
        }
        let adding = Around { context, next in
            var metadata = Metadata()
            try metadata.add(name: "x-took", value: "1")
            context.addTrailingMetadata(metadata)
            try await next(context)
        }
        let response = try call(StreamService.record, in: try simulation([adding], service))
        #expect(response.statusCode == .aborted)
        #expect(response.sections.last?["x-took"] == "1")
        #expect(response.sections.last?["x-reason"] == "r")
    }

    @Test("it may turn one error into another, and an error into none where the response is there")
    func mapsErrors() throws {
        struct Gone: Error {}
        var service = StreamService()
        service.chat = { _, stream, _ in
            try await stream.send(Note("one"))
            throw Gone()
        }
        let mapping = Around { context, next in
            do { try await next(context) } catch is Gone { throw RPCError(.notFound, "gone") }
        }
        let mapped = try call(StreamService.chat, in: try simulation([mapping], service))
        #expect(mapped.statusCode == .notFound)
        let silencing = Around { context, next in do { try await next(context) } catch is Gone {} }
        let silenced = try call(
            StreamService.chat, in: try simulation([silencing, mapping.only(for: StreamService.ask)], service))
        #expect(silenced.statusCode == .ok)
    }

    @Test("values, and what is changed in the context, go inwards only")
    func values() throws {
        enum UserKey: ContextKey { typealias Value = String }
        enum RoleKey: ContextKey { typealias Value = Int }
        let seen = Shared<[String]>([])
        var service = StreamService()
        service.record = { _, context in
            seen.update { $0.append("\(context[UserKey.self] ?? "-")/\(context[RoleKey.self] ?? -1)") }
            return Note("done")
        }
        let outer = Around { context, next in
            var inner = context
            inner[UserKey.self] = "eva"
            inner[RoleKey.self] = 1
            try await next(inner)
            seen.update { $0.append(context[UserKey.self] ?? "-") }
        }
        let inner = Around { context, next in
            var inner = context
            inner[UserKey.self] = (context[UserKey.self] ?? "") + "!"
            inner[RoleKey.self] = nil
            inner[RoleKey.self] = 2
            try await next(inner)
            seen.update { $0.append("\(context[UserKey.self] ?? "-")/\(context[RoleKey.self] ?? -1)") }
        }
        let response = try call(StreamService.record, in: try simulation([outer, inner], service))
        #expect(response.statusCode == .ok)
        #expect(seen.value == ["eva!/2", "eva/1", "-"])
    }

    @Test("one that is for some methods does not run for others")
    func scopes() throws {
        let notes = Shared<[String]>([])
        let other = ServiceDescriptor(fullyQualifiedName: "test.Other")
        let simulation = try simulation([
            Noting(name: "service", notes: notes).only(for: StreamService.name),
            Noting(name: "other", notes: notes).only(for: other),
            Noting(name: "not-service", notes: notes).except(for: StreamService.name),
            Noting(name: "ask", notes: notes).only(for: StreamService.ask, StreamService.watch),
            Noting(name: "not-ask", notes: notes).except(for: StreamService.ask),
            ScopedInterceptor(Noting(name: "both", notes: notes).except(for: StreamService.chat)) { $0.kind != .unary },
        ])
        let expected = [
            "Ask": ["service", "ask"], "Watch": ["service", "ask", "not-ask", "both"],
            "Record": ["service", "not-ask", "both"], "Chat": ["service", "not-ask"],
        ]
        for method in Self.methods {
            notes.set([])
            #expect(try call(method, in: simulation).statusCode == .ok)
            #expect(notes.value.filter { $0.hasSuffix("(") }.map { String($0.dropLast()) } == expected[method.name])
        }
    }

    @Test("a handler runs once: calling the next one twice, or not at all, is INTERNAL")
    func once() throws {
        let twice = Around { context, next in
            try await next(context)
            try await next(context)
        }
        let never = Around { _, _ in }
        let second = try call(StreamService.chat, in: try simulation([twice]))
        #expect(second.statusCode == .internalError)
        #expect(try second.messages(of: Note.self).map(\.text) == ["hello"])
        for method in Self.methods {
            let response = try call(method, in: try simulation([never]))
            #expect(response.statusCode == .internalError)
            #expect(response.message?.contains("interceptor") == true)
        }
    }

    @Test("a method has no more than 64 interceptors")
    func limit() throws {
        let notes = Shared<[String]>([])
        let most = Array(repeating: Noting(name: "x", notes: notes), count: Noting.maximumCount)
        #expect(most.count == 64)
        #expect(try call(StreamService.ask, in: try simulation(most)).statusCode == .ok)
        #expect(notes.value.count == 128)
        let more = most.map { $0 as any ServerInterceptor } + [most[0].only(for: StreamService.chat)]
        let error = #expect(throws: ServerError.self) { _ = try simulation(more) }
        #expect(error?.code == .badConfiguration)
        #expect(error?.message == "/test.Streams/Chat has 65 interceptors; at most 64 are allowed")
        _ = try simulation(
            most.map { $0 as any ServerInterceptor } + [
                most[0].only(
                    for: MethodDescriptor(
                        service: StreamService.name, name: "None", kind: .unary))
            ])
    }

    @Test("the outcome of a call that ended before its handler: the error, and whether the context knows it")
    func outcome() throws {
        let clock = VirtualClock()
        let seen = Shared<[String]>([])
        let watching = Around { context, next in
            seen.update { $0.append("\(context.isCancelled) \(context.timeRemaining.map { "\($0)" } ?? "-")") }
            do { try await next(context) } catch {
                seen.update { $0.append("\(RPCError(for: error).code)") }
            }
            seen.update { $0.append("\(context.endError?.code.description ?? "-") \(context.timeRemaining ?? .zero)") }
        }
        let simulation = try simulation([watching], clock: clock)
        let client = simulation.connect(
            ScriptClient([.call(StreamService.chat.path, stream: 1, [("grpc-timeout", "2S")])]))
        try simulation.run(for: .seconds(3))
        #expect(client.response.statusCode == .deadlineExceeded)
        #expect(
            seen.value == ["false \(Duration.seconds(2))", "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED \(Duration.zero)"])
        #expect(try simulation.shutDown())
    }
}
