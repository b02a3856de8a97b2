// SPDX-License-Identifier: Apache-2.0

/// How a response stream gets on at one moment: what its client lets it send, what waits, and why.
public struct StreamFlow: Sendable, Hashable {
    /// What the client lets the stream carry now, in bytes; negative after it made its window smaller (RFC 9113 §6.9.2).
    public var streamWindowBytes: Int
    /// What the client lets all streams of the connection carry together, in bytes.
    public var connectionWindowBytes: Int
    /// Bytes of messages that were sent by the handler and have not left.
    public var queuedBytes: Int
    /// Bytes of messages in the hands of senders that wait, or of the last one that was refused.
    public var waitingBytes: Int
    /// Why the stream has bytes and may not send them; nil when it may, or has none.
    public var blockedCause: StreamStalled.Cause?
    /// How long the stream has been blocked without a byte of progress; zero when it is not.
    ///
    /// At the stall deadline it is cancelled.
    public var blockedFor: Duration
    /// Messages that have left whole.
    public var messagesSent: UInt64

    /// Makes a report.
    public init(
        streamWindowBytes: Int, connectionWindowBytes: Int, queuedBytes: Int, waitingBytes: Int,
        blockedCause: StreamStalled.Cause?, blockedFor: Duration, messagesSent: UInt64
    ) {
        self.streamWindowBytes = streamWindowBytes
        self.connectionWindowBytes = connectionWindowBytes
        self.queuedBytes = queuedBytes
        self.waitingBytes = waitingBytes
        self.blockedCause = blockedCause
        self.blockedFor = blockedFor
        self.messagesSent = messagesSent
    }
}
