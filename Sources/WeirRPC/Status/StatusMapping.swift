// SPDX-License-Identifier: Apache-2.0

/// The tables that turn the numbers of HTTP into status codes of gRPC, each line with its place in the specification.
package enum StatusMapping {
    /// The status of a call whose stream was reset with an HTTP/2 error code (RFC 9113 §7).
    ///
    /// gRPC specification, `doc/PROTOCOL-HTTP2.md`, Errors.
    package static func statusCode(http2ErrorCode code: UInt32) -> StatusCode {
        switch code {
        case 0x0: .internalError  // NO_ERROR: "An explicit GRPC status of OK should have been sent".
        case 0x1: .internalError  // PROTOCOL_ERROR
        case 0x2: .internalError  // INTERNAL_ERROR
        case 0x3: .internalError  // FLOW_CONTROL_ERROR
        case 0x4: .internalError  // SETTINGS_TIMEOUT
        case 0x5: .unknown  // STREAM_CLOSED: no mapping, "there is no open stream to propagate to".
        case 0x6: .internalError  // FRAME_SIZE_ERROR
        case 0x7: .unavailable  // REFUSED_STREAM: no processing occurred, the call may be retried elsewhere.
        case 0x8: .cancelled  // CANCEL
        case 0x9: .internalError  // COMPRESSION_ERROR
        case 0xA: .internalError  // CONNECT_ERROR
        case 0xB: .resourceExhausted  // ENHANCE_YOUR_CALM: "the exhausted resource is bandwidth".
        case 0xC: .permissionDenied  // INADEQUATE_SECURITY: the protocol's security is not sufficient.
        default: .unknown  // HTTP_1_1_REQUIRED and codes not known yet are not in the table.
        }
    }

    /// The status of a response without `grpc-status`, by its HTTP status; for clients only.
    ///
    /// gRPC specification, `doc/http-grpc-status-mapping.md`: `grpc-status` wins whenever it is present, and servers
    /// must not use this table to choose an HTTP status.
    package static func statusCode(httpStatus status: Int) -> StatusCode {
        switch status {
        case 400: .internalError
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 404: .unimplemented
        case 429, 502, 503, 504: .unavailable
        case 431: .internalError  // Not in the page; header list too large, as grpc-java maps it.
        default: .unknown  // "Other codes", 200 included: a response that is not gRPC.
        }
    }

    /// PROTOCOL_ERROR, the HTTP/2 error code of a malformed request (RFC 9113 §8.1.1).
    package static var protocolError: UInt32 { 0x1 }
}
