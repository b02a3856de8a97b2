// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
internal import WeirRPC
internal import WeirTransport

/// What a kind of method does with a call whose request is complete.
protocol MethodHandler: Sendable {
    /// Runs the application's code to its end. Throws what the application throws.
    nonisolated(nonsending) func run(_ handle: CallHandle, request: ByteBuffer, context: CallContext) async throws
}

struct UnaryMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, CallContext) async throws -> Output

    nonisolated(nonsending) func run(_ handle: CallHandle, request: ByteBuffer, context: CallContext) async throws {
        let output = try await body(try Input(request: request), context)
        try await handle.send(output)
    }
}

struct ServerStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, ResponseStream<Output>, CallContext) async throws -> Void

    nonisolated(nonsending) func run(_ handle: CallHandle, request: ByteBuffer, context: CallContext) async throws {
        try await body(try Input(request: request), ResponseStream(handle: handle), context)
    }
}

extension ProtobufMessage {
    /// Decodes a request; what cannot be decoded is the client's fault (grpc-go answers INTERNAL too).
    fileprivate init(request: ByteBuffer) throws {
        do {
            try self.init(serialized: request)
        } catch {
            throw RPCError(.internalError, "the request is not a valid \(Self.protobufName): \(error)", cause: error)
        }
    }
}
