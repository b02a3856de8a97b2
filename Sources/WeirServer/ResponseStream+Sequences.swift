// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
internal import WeirProtobuf
internal import WeirTransport

/// Sending many messages.
extension ResponseStream {
    /// Sends each message of an asynchronous sequence, in order.
    ///
    /// Asks the sequence for a message, then sends it: while the client does not read, one message is in hand and the
    /// sequence is not asked. Suspends as the sequence and ``send(_:)`` do.
    ///
    /// - Throws: what the sequence throws, and what ``send(_:)`` throws. The sequence is asked for nothing more once the
    ///   stream has ended, and its iterator is released.
    ///
    /// Cancel safety: messages are sent whole or not at all. One that the sequence gave and that was not sent is lost.
    public nonisolated(nonsending) func send<Messages: AsyncSequence>(contentsOf messages: Messages) async throws
    where Messages.Element == Message {
        var iterator = messages.makeAsyncIterator()
        while true {
            try call.handle.checkIsOpen()
            guard let message = try await iterator.next(isolation: #isolation) else { return }
            try await send(message)
        }
    }

    /// Sends each message of a sequence, in order.
    ///
    /// A lazy sequence makes each message when it is its turn. Suspends and throws as ``send(_:)``; at an error the rest is
    /// not sent.
    ///
    /// Cancel safety: messages are sent whole or not at all.
    public nonisolated(nonsending) func send<Messages: Sequence>(contentsOf messages: Messages) async throws
    where Messages.Element == Message {
        for message in messages { try await send(message) }
    }

    /// Asks for a message whenever one can be sent, and sends it, until `next` returns nil.
    ///
    /// Each message is made as late as possible: `next` is called only when the stream's queue is short and the client's
    /// windows have room for a message of the last one's size. For a source of which only the newest value counts.
    /// No room is set aside meanwhile, so a message that comes late, or is larger than the last, may wait like any other.
    ///
    /// Suspends while the client does not read; a client that reads nothing stalls here as it does in ``send(_:)``.
    ///
    /// - Throws: what `next` throws, and what ``send(_:)`` throws. `next` is not called once the stream has ended.
    ///
    /// Cancel safety: messages are sent whole or not at all. While waiting for room, no message is in hand, so nothing is lost.
    public nonisolated(nonsending) func pull(
        _ next: nonisolated(nonsending) () async throws -> Message?
    ) async throws {
        var expectedBytes = 1
        while true {
            try await call.handle.waitForOpening(expectedBytes)
            guard let message = try await next() else { return }
            expectedBytes = try await call.handle.sendMeasured(try call.hooks.applied(to: message))
        }
    }

    /// Sends an asynchronous sequence that is asked for its next message only when that can be sent.
    ///
    /// As ``pull(_:)``. A sequence that keeps only its newest element, such as an `AsyncStream` with
    /// `.bufferingNewest(1)`, gives a slow client the newest value and skips the others.
    public nonisolated(nonsending) func pull<Messages: AsyncSequence>(from messages: Messages) async throws
    where Messages.Element == Message {
        var iterator = messages.makeAsyncIterator()
        var expectedBytes = 1
        while true {
            try await call.handle.waitForOpening(expectedBytes)
            guard let message = try await iterator.next(isolation: #isolation) else { return }
            expectedBytes = try await call.handle.sendMeasured(try call.hooks.applied(to: message))
        }
    }
}
