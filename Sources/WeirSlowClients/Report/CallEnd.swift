// SPDX-License-Identifier: Apache-2.0

/// How a call ended, as far as its client saw.
enum CallEnd: Hashable, Sendable {
    /// No end was seen.
    case none
    /// With trailers that carry this `grpc-status`.
    case status(Int)
    /// With RST_STREAM and this error code.
    case reset(Int)
    /// Otherwise: with its connection, or with trailers that carry no status.
    case other

    /// The end of a call.
    init(_ stream: StreamResult) {
        if let status = stream.status {
            self = .status(status)
        } else if let reset = stream.reset {
            self = .reset(reset)
        } else {
            self = stream.endedSeconds == nil ? .none : .other
        }
    }

    /// Whether the server said that the call went well.
    var isSuccess: Bool { self == .status(0) }

    /// In a few words, such as `8 RESOURCE_EXHAUSTED` or `RST_STREAM 11 ENHANCE_YOUR_CALM`.
    var text: String {
        switch self {
        case .none: "no end seen"
        case .status(let code): "\(code) \(CallEnd.name(code, in: CallEnd.statuses))"
        case .reset(let code): "RST_STREAM \(code) \(CallEnd.name(code, in: CallEnd.errorCodes))"
        case .other: "no status"
        }
    }

    private static func name(_ code: Int, in names: [String]) -> String {
        names.indices.contains(code) ? names[code] : "(unknown)"
    }

    /// gRPC's status codes, by number: grpc/doc/statuscodes.md.
    private static let statuses = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// HTTP/2's error codes, by number: RFC 9113, section 7.
    private static let errorCodes = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]
}
