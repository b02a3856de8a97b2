// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf
internal import WeirRPC

/// What interceptors want done with each message of one direction, in order.
@usableFromInline
final class MessageHooks: Sendable {
    private let hooks: [any MessageHook]

    private init(_ hooks: [any MessageHook]) {
        self.hooks = hooks
    }

    /// The hooks with one more behind them.
    static func hooks(_ hooks: MessageHooks?, then hook: any MessageHook) -> MessageHooks {
        MessageHooks((hooks?.hooks ?? []) + [hook])
    }

    /// The hooks with one more in front of them.
    static func hooks(_ hooks: MessageHooks?, after hook: any MessageHook) -> MessageHooks {
        MessageHooks([hook] + (hooks?.hooks ?? []))
    }

    /// The message after all hooks had their way with it.
    @usableFromInline
    func applied<Message: ProtobufMessage>(to message: Message) throws -> Message {
        var message = message
        for hook in hooks { try hook.apply(to: &message) }
        return message
    }
}

extension Optional where Wrapped == MessageHooks {
    /// As ``MessageHooks/applied(to:)``; the message itself without hooks.
    func applied<Message: ProtobufMessage>(to message: Message) throws -> Message {
        guard let self else { return message }
        return try self.applied(to: message)
    }
}

/// What one interceptor wants done with messages.
protocol MessageHook: Sendable {
    func apply<Message: ProtobufMessage>(to message: inout Message) throws
}

/// Looks at messages of any type.
struct ObservingHook: MessageHook {
    let body: @Sendable (any ProtobufMessage) throws -> Void

    func apply<Message: ProtobufMessage>(to message: inout Message) throws { try body(message) }
}

/// Changes messages of one type and leaves others alone.
struct ChangingHook<Content: ProtobufMessage>: MessageHook {
    let body: @Sendable (inout Content) throws -> Void

    func apply<Message: ProtobufMessage>(to message: inout Message) throws {
        guard var content = message as? Content else { return }
        try body(&content)
        if let changed = content as? Message { message = changed }
    }
}
