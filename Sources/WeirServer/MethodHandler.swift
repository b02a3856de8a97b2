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
    nonisolated(nonsending) func run(_ context: CallContext) async throws
}

struct UnaryMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, CallContext) async throws -> Output

    nonisolated(nonsending) func run(_ context: CallContext) async throws {
        if context.handle.requestIsCompressed { try await context.handle.inflateRequest() }
        let output = try await body(try Input(requestOf: context), context)
        try await context.handle.send(try context.responseHooks.applied(to: output))
    }
}

struct ServerStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, ResponseStream<Output>, CallContext) async throws -> Void

    nonisolated(nonsending) func run(_ context: CallContext) async throws {
        if context.handle.requestIsCompressed { try await context.handle.inflateRequest() }
        try await body(try Input(requestOf: context), ResponseStream(context), context)
    }
}

struct ClientStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (RequestStream<Input>, CallContext) async throws -> Output

    nonisolated(nonsending) func run(_ context: CallContext) async throws {
        let output = try await body(RequestStream(context), context)
        try await context.handle.send(try context.responseHooks.applied(to: output))
    }
}

struct BidirectionalStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body:
        nonisolated(nonsending) @Sendable (RequestStream<Input>, ResponseStream<Output>, CallContext) async throws
            -> Void

    nonisolated(nonsending) func run(_ context: CallContext) async throws {
        try await body(RequestStream(context), ResponseStream(context), context)
    }
}

/// A method of any kind whose handler sees both sides as streams.
struct StreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body:
        nonisolated(nonsending) @Sendable (RequestStream<Input>, ResponseStream<Output>, CallContext) async throws
            -> Void

    nonisolated(nonsending) func run(_ context: CallContext) async throws {
        try await body(RequestStream(context), ResponseStream(context), context)
    }
}

extension ProtobufMessage {
    @inline(never)
    fileprivate init(requestOf context: CallContext) throws {
        let message = try Self(request: context.handle.request.take() ?? ByteBuffer())
        self = try context.requestHooks.applied(to: message)
    }
}
