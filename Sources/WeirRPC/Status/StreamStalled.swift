// SPDX-License-Identifier: Apache-2.0

/// Why a stream was cut for its peer's slowness.
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

    /// The rule that the stream broke.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// No byte moved for the stall deadline (the tail deadline once the handler had returned).
        case stalled = "STREAM_STALLED"
        /// Fewer bytes moved than the minimum rate asks for.
        case tooSlow = "STREAM_TOO_SLOW"
        /// A send budget stayed used up, and of all streams this one held the most for the longest.
        case shed = "SHED_MEMORY"
    }

    /// The rule that the stream broke.
    public var reason: Reason
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
        reason: Reason = .stalled, cause: Cause, stalledFor: Duration, heldBytes: Int, messagesSent: UInt64,
        windowBytes: Int, isTail: Bool
    ) {
        self.reason = reason
        self.cause = cause
        self.stalledFor = stalledFor
        self.heldBytes = heldBytes
        self.messagesSent = messagesSent
        self.windowBytes = windowBytes
        self.isTail = isTail
    }

    /// What the client is told: RESOURCE_EXHAUSTED, the code the protocol gives to a lack of bandwidth, with the cause, the
    /// time and when to come back.
    package func status(deadline: Duration, minimumRate: MinimumRate?, retryDelay: Duration) -> Status {
        Status(
            code: .resourceExhausted, message: message(deadline: deadline, minimumRate: minimumRate),
            details: [
                .errorInfo(
                    ErrorInfo(
                        reason: reason.rawValue,
                        metadata: [
                            "cause": cause.rawValue, "stalled_for": stalledFor.secondsText,
                            "held_bytes": String(heldBytes), "messages_sent": String(messagesSent),
                            "window": String(windowBytes),
                        ])),
                .retryInfo(RetryInfo(retryDelay: retryDelay)),
            ])
    }

    private func message(deadline: Duration, minimumRate: MinimumRate?) -> String {
        let what = isTail ? "the end of the response" : "the stream"
        let waiting = "\(heldBytes) bytes were waiting after \(messagesSent) messages"
        switch reason {
        case .stalled:
            return "\(what) stalled: no byte of it could be sent for \(stalledFor.secondsText) (deadline "
                + "\(deadline.secondsText)), because of \(causeText); \(waiting). Read at least \(windowBytes / 2) bytes "
                + "in each \(deadline.secondsText)."
        case .tooSlow:
            let rate = minimumRate.map { "\($0.bytesPerSecond) bytes per second over \($0.period.secondsText)" }
            return "\(what) was read too slowly: less than \(rate ?? "the minimum rate"), because of \(causeText); "
                + "\(waiting). Read faster, or ask for less."
        case .shed:
            return "\(what) was ended to free memory: the server's send budget stayed used up, and no byte of this "
                + "stream could be sent for \(stalledFor.secondsText), because of \(causeText); \(waiting)."
        }
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
