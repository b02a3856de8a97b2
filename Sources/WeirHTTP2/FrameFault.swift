// SPDX-License-Identifier: Apache-2.0

/// A frame that RFC 9113 forbids and the library would let pass, or would end the whole connection for.
struct FrameFault: Equatable {
    /// How far the fault reaches.
    enum Reach: Equatable {
        /// The connection: GOAWAY, and nothing more is read (RFC 9113 §5.4.1).
        case connection
        /// The stream, if there is one yet; an idle stream cannot be reset, so there it is the connection.
        case stream
        /// The stream if its response is still under way, else the connection: the peer had ended it (RFC 9113 §5.1).
        case endedStream
        /// Nothing: the frame says what matters to nobody, and the library would end the connection for it.
        case nothing
    }

    let reach: Reach
    let code: HTTP2ErrorCode
    let reason: String
    let header: FrameHeader
    /// Whether the library must not see the frame for what it is.
    var isHidden = false
}
