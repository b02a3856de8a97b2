// SPDX-License-Identifier: Apache-2.0

/// Why a `send` with a deadline gave up: there was no room for its message in time.
///
/// Such a `send` throws an ``RPCError`` with the code DEADLINE_EXCEEDED and this as its cause; `error.sendTimedOut` finds
/// it. Nothing of the message was sent and the stream lives on.
public struct SendTimedOut: Error, Hashable, Sendable {
    /// How long the message waited.
    public var waitedFor: Duration
    /// What kept the stream's bytes from moving; nil when they moved, only not fast enough.
    public var cause: StreamStalled.Cause?
    /// The message's size with its prefix, in bytes.
    public var messageBytes: Int
    /// Bytes of earlier messages that were still queued.
    public var queuedBytes: Int
    /// What the client let the stream carry at the end, in bytes; negative after it made its window smaller.
    public var streamWindowBytes: Int
    /// What the client let the whole connection carry at the end, in bytes.
    public var connectionWindowBytes: Int

    /// Makes a report.
    public init(
        waitedFor: Duration, cause: StreamStalled.Cause?, messageBytes: Int, queuedBytes: Int, streamWindowBytes: Int,
        connectionWindowBytes: Int
    ) {
        self.waitedFor = waitedFor
        self.cause = cause
        self.messageBytes = messageBytes
        self.queuedBytes = queuedBytes
        self.streamWindowBytes = streamWindowBytes
        self.connectionWindowBytes = connectionWindowBytes
    }

    /// What `send` throws; a handler that does not catch it ends its call with this status.
    package var error: RPCError {
        let reason = cause.map { "because of \($0.rawValue)" } ?? "although the stream was moving"
        return RPCError(
            .deadlineExceeded,
            "there was no room for a message of \(messageBytes) bytes within \(waitedFor.secondsText), \(reason): "
                + "\(queuedBytes) bytes were queued, the windows were \(streamWindowBytes) bytes for the stream and "
                + "\(connectionWindowBytes) for the connection",
            details: [
                .errorInfo(
                    ErrorInfo(
                        reason: "SEND_TIMED_OUT",
                        metadata: [
                            "cause": cause?.rawValue ?? "none", "waited_for": waitedFor.secondsText,
                            "message_bytes": String(messageBytes), "queued_bytes": String(queuedBytes),
                            "stream_window": String(streamWindowBytes),
                            "connection_window": String(connectionWindowBytes),
                        ]))
            ],
            cause: self)
    }
}

extension Error {
    /// The report of a `send` whose deadline passed, if that is what this error is or was caused by.
    public var sendTimedOut: SendTimedOut? {
        self as? SendTimedOut ?? (self as? RPCError)?.cause as? SendTimedOut
    }

    /// The report of a stream that was cut because its client took nothing, if that is what this error is or was caused by.
    public var streamStalled: StreamStalled? {
        self as? StreamStalled ?? (self as? RPCError)?.cause as? StreamStalled
    }
}
