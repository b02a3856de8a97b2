// SPDX-License-Identifier: Apache-2.0

/// How a call came to its end, kept so that whoever still uses it can be told why.
package enum CallEnd: Hashable, Sendable {
    /// The server decided on a status, by its handler or in its place.
    case finished(StatusCode)
    /// The peer reset the stream with this HTTP/2 error code.
    case resetByPeer(code: UInt32)
    /// The server reset the stream with this HTTP/2 error code.
    case resetByServer(code: UInt32)
    /// The connection is gone, and the stream with it.
    case connectionLost

    /// What sending on, or receiving from, a call that ended this way throws.
    package var error: RPCError {
        switch self {
        case .finished(let code):
            RPCError(.cancelled, "the call has ended with status \(code)")
        case .resetByPeer(let code):
            RPCError(
                code == 0 ? .cancelled : StatusMapping.statusCode(http2ErrorCode: code),
                "the client has reset the call (HTTP/2 error code \(code))")
        case .resetByServer(let code):
            RPCError(.cancelled, "the server has reset the call (HTTP/2 error code \(code))")
        case .connectionLost:
            RPCError(.unavailable, "the connection of the call is lost")
        }
    }
}
