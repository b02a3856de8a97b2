// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

private typealias Generated = Grpc_Testing_TestService
private typealias Method = Generated.Method
private typealias Request = Grpc_Testing_StreamingOutputCallRequest
private typealias Response = Grpc_Testing_StreamingOutputCallResponse

private let unimplemented = RPCError(.unimplemented, "not in this test")

/// Answers with the payload that it was sent, as messages alone.
private struct SimpleEcho: Generated.SimpleServiceProtocol {
    func emptyCall(_ request: Grpc_Testing_Empty) async throws -> Grpc_Testing_Empty { request }
    func unaryCall(_ request: Grpc_Testing_SimpleRequest) async throws -> Grpc_Testing_SimpleResponse {
        var response = Grpc_Testing_SimpleResponse()
        response.payload = request.payload
        return response
    }
    func cacheableUnaryCall(_ request: Grpc_Testing_SimpleRequest) async throws -> Grpc_Testing_SimpleResponse {
        throw unimplemented
    }
    func streamingOutputCall(_ request: Request, stream: ResponseStream<Response>) async throws {
        for _ in 0..<2 { try await stream.send(Response(echoing: request)) }
    }
    func streamingInputCall(
        _ requests: RequestStream<Grpc_Testing_StreamingInputCallRequest>
    ) async throws -> Grpc_Testing_StreamingInputCallResponse {
        var response = Grpc_Testing_StreamingInputCallResponse()
        for try await _ in requests { response.aggregatedPayloadSize += 1 }
        return response
    }
    func fullDuplexCall(_ requests: RequestStream<Request>, stream: ResponseStream<Response>) async throws {
        for try await request in requests { try await stream.send(Response(echoing: request)) }
    }
    func halfDuplexCall(_ requests: RequestStream<Request>, stream: ResponseStream<Response>) async throws {
        throw unimplemented
    }
    func unimplementedCall(_ request: Grpc_Testing_Empty) async throws -> Grpc_Testing_Empty { throw unimplemented }
}

/// As SimpleEcho, with every method as streams.
private struct StreamingEcho: Generated.StreamingServiceProtocol {
    func emptyCall(
        _ requests: RequestStream<Grpc_Testing_Empty>, stream: ResponseStream<Grpc_Testing_Empty>, context: CallContext
    ) async throws {
        // Two answers: the second is one too many.
        for _ in 0..<2 { try await stream.send(Grpc_Testing_Empty()) }
    }
    func unaryCall(
        _ requests: RequestStream<Grpc_Testing_SimpleRequest>, stream: ResponseStream<Grpc_Testing_SimpleResponse>,
        context: CallContext
    ) async throws {
        var count = 0
        for try await request in requests {
            count += 1
            var metadata = Metadata()
            try metadata.add(name: "x-depth", value: "streaming")
            try await context.setResponseMetadata(metadata)
            var response = Grpc_Testing_SimpleResponse()
            response.payload = request.payload
            try await stream.send(response)
        }
        guard count == 1 else { throw RPCError(.internalError, "\(count) requests") }
    }
    func cacheableUnaryCall(
        _ requests: RequestStream<Grpc_Testing_SimpleRequest>, stream: ResponseStream<Grpc_Testing_SimpleResponse>,
        context: CallContext
    ) async throws {}
    func streamingOutputCall(
        _ requests: RequestStream<Request>, stream: ResponseStream<Response>, context: CallContext
    ) async throws {
        let request = try await requests.only()
        for _ in 0..<2 { try await stream.send(Response(echoing: request)) }
    }
    func streamingInputCall(
        _ requests: RequestStream<Grpc_Testing_StreamingInputCallRequest>,
        stream: ResponseStream<Grpc_Testing_StreamingInputCallResponse>, context: CallContext
    ) async throws {
        var response = Grpc_Testing_StreamingInputCallResponse()
        for try await _ in requests { response.aggregatedPayloadSize += 1 }
        try await stream.send(response)
    }
    func fullDuplexCall(
        _ requests: RequestStream<Request>, stream: ResponseStream<Response>, context: CallContext
    ) async throws {
        for try await request in requests { try await stream.send(Response(echoing: request)) }
    }
    func halfDuplexCall(
        _ requests: RequestStream<Request>, stream: ResponseStream<Response>, context: CallContext
    ) async throws {
        try await stream.send(Response(echoing: try await requests.only()))
    }
    func unimplementedCall(
        _ requests: RequestStream<Grpc_Testing_Empty>, stream: ResponseStream<Grpc_Testing_Empty>, context: CallContext
    ) async throws { throw unimplemented }
}

/// A streaming service that runs the methods of a simple one by their streaming form.
private struct Forwarding: Service {
    let base = SimpleEcho()

    func register(with router: inout Router) {
        router.streaming(Method.UnaryCall.descriptor, Method.UnaryCall.Input.self, Method.UnaryCall.Output.self) {
            try await base.unaryCall($0, stream: $1, context: $2)
        }
        router.streaming(Method.StreamingOutputCall.descriptor, Request.self, Response.self) {
            try await base.streamingOutputCall($0, stream: $1, context: $2)
        }
        router.streaming(
            Method.StreamingInputCall.descriptor, Method.StreamingInputCall.Input.self,
            Method.StreamingInputCall.Output.self
        ) { try await base.streamingInputCall($0, stream: $1, context: $2) }
        router.streaming(Method.FullDuplexCall.descriptor, Request.self, Response.self) {
            try await base.fullDuplexCall($0, stream: $1, context: $2)
        }
    }
}

extension Response {
    fileprivate init(echoing request: Request) {
        self.init()
        payload = request.payload
    }
}

@Suite("The three depths of a generated service")
struct ServiceDepthTests {
    private static let services: [any Service] = [SimpleEcho(), StreamingEcho(), Forwarding()]

    private func call(
        _ method: MethodDescriptor, _ texts: [String], of service: any Service
    ) throws -> RawPeer.Response {
        var request = Request()
        let messages = try texts.map { text in
            // Field 3 of both kinds of request is the payload; that of StreamingInputCall has another number.
            request.payload = Note(text)
            return RawFrame.message(Array(try request.serialized().readableBytesView), stream: 1, ends: false)
        }
        let simulation = try Simulation(services: [service])
        let client = simulation.connect(ScriptClient([.call(method.path)] + messages + [.halfClose()]))
        try simulation.run(for: .seconds(1))
        let response = client.response
        #expect(try simulation.shutDown())
        return response
    }

    @Test("each depth serves all four kinds of call alike", arguments: services.indices)
    func kinds(index: Int) throws {
        let service = Self.services[index]
        let unary = try call(Method.UnaryCall.descriptor, ["a"], of: service)
        #expect(try unary.messages(of: Grpc_Testing_SimpleResponse.self).map { $0.payload?.text } == ["a"])
        #expect(unary.statusCode == .ok)
        let down = try call(Method.StreamingOutputCall.descriptor, ["a"], of: service)
        #expect(try down.messages(of: Response.self).map { $0.payload?.text } == ["a", "a"])
        #expect(down.statusCode == .ok)
        let up = try call(Method.StreamingInputCall.descriptor, ["a", "b", "c"], of: service)
        #expect(
            try up.messages(of: Grpc_Testing_StreamingInputCallResponse.self).map(\.aggregatedPayloadSize) == [3])
        #expect(up.statusCode == .ok)
        let both = try call(Method.FullDuplexCall.descriptor, ["a", "b"], of: service)
        #expect(try both.messages(of: Response.self).map { $0.payload?.text } == ["a", "b"])
        #expect(both.statusCode == .ok)
    }

    @Test("as streams, a unary method has its response's metadata, and must answer exactly once")
    func unaryAsStreams() throws {
        let unary = try call(Method.UnaryCall.descriptor, ["a"], of: StreamingEcho())
        #expect(unary.sections.first?["x-depth"] == "streaming")
        let twice = try call(Method.EmptyCall.descriptor, [""], of: StreamingEcho())
        #expect(twice.statusCode == .internalError)
        #expect(twice.messages.sizes == [0])
        let never = try call(Method.CacheableUnaryCall.descriptor, ["a"], of: StreamingEcho())
        #expect(never.statusCode == .internalError)
    }

    @Test("a unary method takes one message, at every depth", arguments: services.indices)
    func cardinality(index: Int) throws {
        let two = try call(Method.UnaryCall.descriptor, ["a", "b"], of: Self.services[index])
        #expect(two.statusCode == .unimplemented)
    }

    @Test("only() takes the one message of a stream, and fails when there are none or two")
    func only() throws {
        let method = Method.HalfDuplexCall.descriptor
        #expect(try call(method, ["a"], of: StreamingEcho()).statusCode == .ok)
        #expect(try call(method, [], of: StreamingEcho()).statusCode == .unimplemented)
        #expect(try call(method, ["a", "b"], of: StreamingEcho()).statusCode == .unimplemented)
    }
}
