// SPDX-License-Identifier: Apache-2.0

/// Why a stream was cut: its peer took nothing for longer than the deadline.
///
/// A `send` that was suspended throws an ``RPCError`` with this as its cause.
public struct StreamStalled: Error, Hashable, Sendable {
    /// What kept the stream's bytes from moving.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        /// The kernel took no more bytes of the connection.
        case socket
        /// A memory budget of the server was used up.
        case budget
        /// The connection's flow-control window was closed.
        case connectionWindow = "connection_window"
        /// The stream's flow-control window was closed.
        case streamWindow = "stream_window"
    }

    /// What kept the bytes from moving.
    public var cause: Cause
    /// How long no byte had moved.
    public var stalledFor: Duration
    /// Bytes that were waiting, the message in the sender's hands included.
    public var heldBytes: Int
    /// Messages that had been queued since the call began.
    public var messagesSent: UInt64
    /// The largest window the client ever opened for the stream, in bytes.
    public var windowBytes: Int
    /// Whether the handler had returned already and only the rest of its response was unsent.
    public var isTail: Bool

    /// Makes a report.
    public init(
        cause: Cause, stalledFor: Duration, heldBytes: Int, messagesSent: UInt64, windowBytes: Int, isTail: Bool
    ) {
        self.cause = cause
        self.stalledFor = stalledFor
        self.heldBytes = heldBytes
        self.messagesSent = messagesSent
        self.windowBytes = windowBytes
        self.isTail = isTail
    }

    /// What the client is told: RESOURCE_EXHAUSTED, the code the protocol gives to a lack of bandwidth, with the cause, the
    /// time and when to come back.
    package func status(deadline: Duration, retryDelay: Duration) -> Status {
        let what = isTail ? "the end of the response" : "the stream"
        return Status(
            code: .resourceExhausted,
            message: "\(what) stalled: no byte of it could be sent for \(stalledFor.secondsText) (deadline "
                + "\(deadline.secondsText)), because of \(causeText); \(heldBytes) bytes were waiting after "
                + "\(messagesSent) messages. Read at least \(windowBytes / 2) bytes in each \(deadline.secondsText).",
            details: [
                .errorInfo(
                    ErrorInfo(
                        reason: "STREAM_STALLED",
                        metadata: [
                            "cause": cause.rawValue, "stalled_for": stalledFor.secondsText,
                            "held_bytes": String(heldBytes), "messages_sent": String(messagesSent),
                            "window": String(windowBytes),
                        ])),
                .retryInfo(RetryInfo(retryDelay: retryDelay)),
            ])
    }

    private var causeText: String {
        switch cause {
        case .socket: "socket (the connection's socket takes no bytes)"
        case .budget: "budget (the server's memory for unread messages is used up)"
        case .connectionWindow: "connection_window (the client has not read what the connection already carried)"
        case .streamWindow: "stream_window (the client has not read what the stream already carried)"
        }
    }
}

extension Duration {
    /// The duration in seconds with at most three decimals, such as `2s` or `0.25s`.
    package var secondsText: String {
        let (seconds, attoseconds) = max(self, .zero).components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        guard milliseconds > 0 else { return "\(seconds)s" }
        var digits = String(1000 + milliseconds).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(seconds).\(digits)s"
    }
}
