// SPDX-License-Identifier: Apache-2.0

/// A stream error or a connection error (RFC 9113 §5.4), and who raised it.
package struct HTTP2Error: Error, Hashable, Sendable, CustomStringConvertible {
    /// How far the error reaches.
    package enum Scope: Hashable, Sendable {
        /// One stream; the connection goes on.
        case stream(HTTP2StreamID)
        /// The connection with all its streams.
        case connection
    }

    /// Who raised the error.
    package enum Initiator: Hashable, Sendable {
        /// This side, on purpose: a deadline, a limit, a drain.
        case local
        /// The other side, by RST_STREAM, GOAWAY or by going away.
        case peer
        /// The HTTP/2 library, because the peer broke the protocol.
        case library
    }

    package var scope: Scope
    package var code: HTTP2ErrorCode
    package var initiator: Initiator
    /// What happened, for a log line.
    package var reason: String

    /// Makes an error; `reason` is for people.
    package init(scope: Scope, code: HTTP2ErrorCode, initiator: Initiator, reason: String = "") {
        self.scope = scope
        self.code = code
        self.initiator = initiator
        self.reason = reason
    }

    package var description: String {
        let place =
            switch scope {
            case .stream(let id): "stream \(id)"
            case .connection: "connection"
            }
        return "\(place): \(code) by \(initiator)\(reason.isEmpty ? "" : ": \(reason)")"
    }
}
