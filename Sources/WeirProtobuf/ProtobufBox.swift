// SPDX-License-Identifier: Apache-2.0

/// For generated code: holds a message that contains, directly or not, a message of its own type.
///
/// A struct cannot contain itself; the box puts one level of it on the heap. It never changes after it is made, so that
/// copies of a message may share it.
public final class ProtobufBox<Message: ProtobufMessage>: Sendable {
    /// The message in the box.
    public let message: Message

    /// Puts a message in a box.
    public init(_ message: Message) {
        self.message = message
    }
}

extension ProtobufBox: Equatable {
    /// Whether two boxes hold equal messages.
    public static func == (left: ProtobufBox, right: ProtobufBox) -> Bool {
        left === right || left.message == right.message
    }
}

extension ProtobufBox: Hashable where Message: Hashable {
    /// Feeds the message to `hasher`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(message)
    }
}
