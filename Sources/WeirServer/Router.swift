// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
public import WeirProtobuf
public import WeirRPC

/// Collects the methods of all services before a server starts.
///
/// Generated code calls it; an application can too, for a method without a generated service.
public struct Router {
    /// A method and what its kind does with a call.
    struct Registration {
        var method: MethodDescriptor
        var handler: any MethodHandler
    }

    private(set) var registrations: [String: Registration] = [:]

    init() {}

    /// Adds a method that answers one message with one message.
    ///
    /// A method of the same path that was added before is replaced.
    public mutating func unary<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: MethodDescriptor, _: Input.Type, _: Output.Type,
        handler: nonisolated(nonsending) @escaping @Sendable (Input, CallContext) async throws -> Output
    ) {
        add(method, UnaryMethod(body: handler))
    }

    /// Adds a method that answers one message with a stream of messages.
    ///
    /// A method of the same path that was added before is replaced.
    public mutating func serverStreaming<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: MethodDescriptor, _: Input.Type, _: Output.Type,
        handler:
            nonisolated(nonsending) @escaping @Sendable (Input, ResponseStream<Output>, CallContext) async throws
            -> Void
    ) {
        add(method, ServerStreamingMethod(body: handler))
    }

    private mutating func add(_ method: MethodDescriptor, _ handler: any MethodHandler) {
        registrations[method.path] = Registration(method: method, handler: handler)
    }
}
