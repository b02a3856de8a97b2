// SPDX-License-Identifier: Apache-2.0

/// What became of a message that was offered without waiting.
public enum SendAttempt: Sendable {
    /// It will be sent in its turn, unless the stream ends before.
    case sent
    /// Nothing of it was kept.
    case refused(SendRefusal)

    /// Whether the message was taken.
    public var isSent: Bool {
        if case .sent = self { true } else { false }
    }

    /// Why the message was not taken; nil when it was.
    public var refusal: SendRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}
