// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf

/// For interceptors: a look at each message, or a hand in it.
///
/// Hooks belong to the copy of the context that goes to `next`. They run in the task that receives or sends, in turn: the
/// outermost interceptor is the first to see a request message and the last to see a response message. They must not block.
/// A call whose interceptors set none pays nothing for them. What a hook throws, the handler's receive or send throws.
extension CallContext {
    /// Calls `body` with each request message, after it was decoded and before the handler gets it.
    public mutating func onRequest(_ body: @escaping @Sendable (any ProtobufMessage) throws -> Void) {
        requestHooks = .hooks(requestHooks, then: ObservingHook(body: body))
    }

    /// Lets `body` change each request message of the type `Message` before the handler gets it; others pass by.
    public mutating func onRequest<Message: ProtobufMessage>(
        _: Message.Type, _ body: @escaping @Sendable (inout Message) throws -> Void
    ) {
        requestHooks = .hooks(requestHooks, then: ChangingHook(body: body))
    }

    /// Calls `body` with each response message before it is encoded.
    ///
    /// With `trySend` and `send(_:deadline:)` that may be one which then finds no room.
    public mutating func onResponse(_ body: @escaping @Sendable (any ProtobufMessage) throws -> Void) {
        responseHooks = .hooks(responseHooks, after: ObservingHook(body: body))
    }

    /// Lets `body` change each response message of the type `Message` before it is encoded; others pass by.
    public mutating func onResponse<Message: ProtobufMessage>(
        _: Message.Type, _ body: @escaping @Sendable (inout Message) throws -> Void
    ) {
        responseHooks = .hooks(responseHooks, after: ChangingHook(body: body))
    }
}
