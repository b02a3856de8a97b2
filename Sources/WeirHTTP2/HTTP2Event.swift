// SPDX-License-Identifier: Apache-2.0

/// A fact about the peer that the session learned.
///
/// Events are collected while C code runs and handled after it returned.
package enum HTTP2Event {
    /// A request's field section is complete.
    case requestReceived(HTTP2Stream)
    /// DATA arrived: ``HTTP2Stream/inbound`` holds it.
    case dataReceived(HTTP2Stream)
    /// The peer ended its side of the stream.
    case requestEnded(HTTP2Stream)
    /// The stream is over. `code` is NO_ERROR when both sides ended it properly.
    case streamClosed(HTTP2Stream, code: HTTP2ErrorCode, initiator: HTTP2Error.Initiator)
    /// The peer answered a PING of ours.
    case pingAcknowledged(HTTP2Ping)
    /// The peer will open no more streams.
    case goAwayReceived(HTTP2ErrorCode)
}
