// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2

/// A compressed message in the hands of a sender that waits, so that it need not be compressed twice.
///
/// Its bytes are counted in the process's send budget as long as it lives. Where that has no room, nothing is kept.
final class CompressedCopy: Sendable {
    /// The message; nil when there was no room for it.
    let bytes: ByteBuffer?

    private let budget: ProcessSendBudget

    /// Copies the message, whose own buffer belongs to all.
    init(_ message: borrowing ByteBuffer, budget: ProcessSendBudget) {
        self.budget = budget
        let count = message.readableBytes
        if budget.take(count) {
            var copy = ByteBufferAllocator().buffer(capacity: count)
            copy.writeImmutableBuffer(message)
            bytes = copy
        } else {
            bytes = nil
        }
    }

    deinit {
        if let bytes { budget.give(bytes.readableBytes) }
    }
}

/// What came of a message that was tried to send on the loop.
struct SendingAttempt: Sendable {
    /// Whether it stands in the stream's queue.
    var isSent: Bool
    /// The bytes that it has on the wire, without its prefix.
    var byteCount: Int
    /// What is kept of it, if it is compressed and has to wait.
    var copy: CompressedCopy?
}
