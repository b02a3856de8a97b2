// SPDX-License-Identifier: Apache-2.0

/// How a request is answered that never becomes a call.
package enum HTTPRejection: Hashable, Sendable {
    /// A plain HTTP response, since the client does not speak gRPC.
    case http(HTTPAnswer)
    /// A trailers-only response with this status, since the client does speak gRPC.
    case grpc(Status)
    /// The stream is reset with this HTTP/2 error code, since the request is malformed (RFC 9113 §8.1.1); the text is
    /// for logs.
    case reset(code: UInt32, message: String)
}
