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
    /// The services whose methods these are, where they are known.
    var services: [any Service] = []

    init() {}

    /// Adds a method that answers one message with one message.
    ///
    /// A method of the same path that was added before is replaced.
    public mutating func unary<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: MethodDescriptor, _: Input.Type, _: Output.Type,
        handler: nonisolated(nonsending) @escaping @Sendable (Input, CallContext) async throws -> Output
    ) {
        add(method, .unary, UnaryMethod(body: handler))
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
        add(method, .serverStreaming, ServerStreamingMethod(body: handler))
    }

    /// Adds a method that answers a stream of messages with one message.
    ///
    /// A method of the same path that was added before is replaced.
    public mutating func clientStreaming<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: MethodDescriptor, _: Input.Type, _: Output.Type,
        handler: nonisolated(nonsending) @escaping @Sendable (RequestStream<Input>, CallContext) async throws -> Output
    ) {
        add(method, .clientStreaming, ClientStreamingMethod(body: handler))
    }

    /// Adds a method that answers a stream of messages with a stream of messages, while they come or afterwards.
    ///
    /// A method of the same path that was added before is replaced.
    public mutating func bidirectionalStreaming<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: MethodDescriptor, _: Input.Type, _: Output.Type,
        handler:
            nonisolated(nonsending) @escaping @Sendable (
                RequestStream<Input>, ResponseStream<Output>, CallContext
            ) async throws -> Void
    ) {
        add(method, .bidirectionalStreaming, BidirectionalStreamingMethod(body: handler))
    }

    /// Adds a method of the kind that its descriptor says, whose handler sees both sides as streams.
    ///
    /// Where the request is one message, the handler starts once that is there. Where the response is one message, the
    /// handler must send exactly one. A method of the same path that was added before is replaced.
    public mutating func streaming<Input: ProtobufMessage, Output: ProtobufMessage>(
        _ method: MethodDescriptor, _: Input.Type, _: Output.Type,
        handler:
            nonisolated(nonsending) @escaping @Sendable (
                RequestStream<Input>, ResponseStream<Output>, CallContext
            ) async throws -> Void
    ) {
        add(method, method.kind, StreamingMethod(body: handler))
    }

    /// Adds a method as one of the kind that its handler is made for, whatever its descriptor says.
    private mutating func add(_ method: MethodDescriptor, _ kind: MethodKind, _ handler: any MethodHandler) {
        let method =
            method.kind == kind
            ? method : MethodDescriptor(service: method.service, name: method.name, kind: kind)
        registrations[method.path] = Registration(method: method, handler: handler)
    }
}
