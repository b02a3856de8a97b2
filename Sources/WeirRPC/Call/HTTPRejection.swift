// SPDX-License-Identifier: Apache-2.0

/// How a request is answered that never becomes a call.
package enum HTTPRejection: Hashable, Sendable {
    /// A plain HTTP response with this status and text, since the client does not speak gRPC; `allow` is the value of a
    /// field of that name.
    case http(status: Int, allow: String?, message: String)
    /// A trailers-only response with this status, since the client does speak gRPC.
    case grpc(Status)
    /// The stream is reset with this HTTP/2 error code, since the request is malformed (RFC 9113 §8.1.1); the text is
    /// for logs.
    case reset(code: UInt32, message: String)
}
