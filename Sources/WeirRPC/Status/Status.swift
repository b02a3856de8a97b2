// SPDX-License-Identifier: Apache-2.0

/// How a call ended: a code, a text for a person, and details for a program.
public struct Status: Hashable, Sendable {
    /// What happened, as one of gRPC's codes.
    public var code: StatusCode
    /// A text for a person; any Unicode, percent-encoded on the wire.
    public var message: String
    /// What a program needs to react, sent in `grpc-status-details-bin`.
    public var details: [StatusDetail]

    /// A status of these three parts.
    public init(code: StatusCode, message: String = "", details: [StatusDetail] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// Success, without text or details.
    public static var ok: Status { Status(code: .ok) }
}

extension Status: CustomStringConvertible {
    /// The code's name, then the message if there is one.
    public var description: String {
        message.isEmpty ? code.description : "\(code): \(message)"
    }
}

// MARK: - What the trailers carry

extension Status {
    /// The longest `grpc-message` that is sent, in bytes after percent-encoding.
    ///
    /// A text that repeats what a peer sent must not make trailers that the peer refuses for their size.
    package static var maximumMessageHeaderBytes: Int { 1024 }

    /// The value of `grpc-message`, percent-encoded and cut at the limit; nil when there is no message.
    package var messageHeaderValue: String? {
        guard !message.isEmpty else { return nil }
        return PercentEncoding.encode(message, maximumBytes: Status.maximumMessageHeaderBytes)
    }

    /// The value of `grpc-status-details-bin`, in base64 without padding; nil when there are no details.
    package var detailsHeaderValue: String? {
        encodedDetails().map { Base64.encode($0) }
    }

    /// Calls `body` with each field that ends a call with this status, in the order they are sent: `grpc-status`,
    /// `grpc-message`, `grpc-status-details-bin`, then the metadata.
    package func forEachTrailerField(metadata: Metadata, _ body: (_ name: String, _ value: String) -> Void) {
        body("grpc-status", code.headerValue)
        if let value = messageHeaderValue { body("grpc-message", value) }
        if let value = detailsHeaderValue { body("grpc-status-details-bin", value) }
        metadata.forEachField(body)
    }
}
