// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
internal import WeirRPC
internal import WeirTransport

/// What a kind of method does with a call whose request is complete.
protocol MethodHandler: Sendable {
    /// Runs the application's code to its end. Throws what the application throws.
    ///
    /// Takes the request out of the handle, whose bytes are not kept while the application runs.
    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws
}

struct UnaryMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, CallContext) async throws -> Output

    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws {
        let output = try await body(try Input(requestOf: handle), context)
        try await handle.send(output)
    }
}

struct ServerStreamingMethod<Input: ProtobufMessage, Output: ProtobufMessage>: MethodHandler {
    let body: nonisolated(nonsending) @Sendable (Input, ResponseStream<Output>, CallContext) async throws -> Void

    nonisolated(nonsending) func run(_ handle: CallHandle, context: CallContext) async throws {
        try await body(try Input(requestOf: handle), ResponseStream(handle: handle), context)
    }
}

extension ProtobufMessage {
    /// Decodes a request; what cannot be decoded is the client's fault (grpc-go answers INTERNAL too).
    @inline(never)
    fileprivate init(requestOf handle: CallHandle) throws {
        do {
            try self.init(serialized: handle.request.take() ?? ByteBuffer())
        } catch {
            throw RPCError(.internalError, "the request is not a valid \(Self.protobufName): \(error)", cause: error)
        }
    }
}
