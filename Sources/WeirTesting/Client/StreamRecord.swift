// SPDX-License-Identifier: Apache-2.0

/// What a client saw of one of its calls.
///
/// Times count from the moment its connection was made.
public struct StreamRecord: Sendable, Equatable {
    /// The stream's number.
    public let stream: Int32
    /// When the request's fields were sent.
    public let beganAt: Duration
    /// When the response's fields came, or the trailers that stand in their place.
    public internal(set) var headersAt: Duration?
    /// When the first byte of DATA came.
    public internal(set) var firstDataAt: Duration?
    /// When the last byte of DATA came so far.
    public internal(set) var lastDataAt: Duration?
    /// The longest time between two DATA frames.
    public internal(set) var longestGap = Duration.zero
    /// When the server ended its side, in whatever way; nil while it has not.
    public internal(set) var endedAt: Duration?
    /// When the client reset it; nil if it did not.
    public internal(set) var resetByClientAt: Duration?
    /// The value of `:status`.
    public internal(set) var httpStatus: String?
    /// The value of `grpc-status`; nil when the stream ended without, or has not ended.
    public internal(set) var status: Int?
    /// The value of `grpc-message`, as it was sent: percent-encoded.
    public internal(set) var message: String?
    /// The text of ``message``, as a person reads it.
    public var text: String? { message.map(GRPCMessage.decoded) }
    /// Whether the trailers carried `grpc-status-details-bin`.
    public internal(set) var hasDetails = false
    /// The error code of the server's RST_STREAM.
    public internal(set) var reset: UInt32?
    /// Bytes of DATA without padding.
    public internal(set) var dataBytes = 0
    /// Bytes of DATA that came after the client had reset the stream.
    public internal(set) var bytesAfterReset = 0
    /// Bytes of DATA that came more than ``lateAfter`` after the client had reset the stream.
    public internal(set) var lateBytes = 0
    /// What a server may still have sent before it learned of a reset has come by then.
    public static let lateAfter = Duration.milliseconds(500)
    /// DATA frames.
    public internal(set) var dataFrames = 0
    /// DATA frames that carry something, but less than the five bytes of a message's prefix, and do not end the stream.
    public internal(set) var tinyDataFrames = 0
    /// Whole messages.
    public internal(set) var messages = 0
    /// Bytes of the largest message, without its prefix, whether it came whole or not.
    public internal(set) var largestMessageBytes = 0
    /// Bytes of a message of which the rest is missing, its prefix included.
    public internal(set) var cutBytes = 0
    /// What the client's own ledger says the server may still send on this stream; negative after SETTINGS shrank it.
    public internal(set) var windowBytes: Int
    /// Bytes that the server sent beyond the stream's window or the connection's.
    public internal(set) var violationBytes = 0

    /// Whether the server's side is over: ended or reset, or reset by the client.
    public var isOver: Bool { endedAt != nil || resetByClientAt != nil }

    /// Makes the record of a call that begins.
    public init(stream: Int32, beganAt: Duration, windowBytes: Int = 65_535) {
        self.stream = stream
        self.beganAt = beganAt
        self.windowBytes = windowBytes
    }
}
