// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
internal import WeirRPC
internal import WeirTransport

/// What a kind of method does with a call.
protocol MethodHandler: Sendable {
    /// Runs the application's code to its end. Throws what the application throws.
    ///
    /// A request of one message is taken out of the handle, whose bytes are not kept while the application runs.
    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws
}

struct UnaryMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, CallContext) async throws -> Output

    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws {
        if handle.requestIsCompressed { try await handle.inflateRequest() }
        let output = try await body(try Input(requestOf: handle), context)
        try await handle.send(output)
    }
}

struct ServerStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, ResponseStream<Output>, CallContext) async throws -> Void

    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws {
        if handle.requestIsCompressed { try await handle.inflateRequest() }
        try await body(try Input(requestOf: handle), ResponseStream(handle: handle), context)
    }
}

struct ClientStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (RequestStream<Input>, CallContext) async throws -> Output

    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws {
        let output = try await body(RequestStream(handle: handle), context)
        try await handle.send(output)
    }
}

struct BidirectionalStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body:
        nonisolated(nonsending) @Sendable (RequestStream<Input>, ResponseStream<Output>, CallContext) async throws
            -> Void

    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws {
        try await body(RequestStream(handle: handle), ResponseStream(handle: handle), context)
    }
}

extension ProtobufMessage {
    @inline(never)
    fileprivate init(requestOf handle: CallHandle) throws(RPCError) {
        try self.init(request: handle.request.take() ?? ByteBuffer())
    }
}
