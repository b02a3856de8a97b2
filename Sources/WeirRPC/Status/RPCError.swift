// SPDX-License-Identifier: Apache-2.0

/// The one error that handlers throw and clients catch: a status, trailing metadata, and what caused it.
public struct RPCError: Error, Sendable {
    /// What happened, as one of gRPC's codes.
    public var code: StatusCode
    /// A text for a person.
    ///
    /// On a server it is sent to the client, so it must not hold secrets.
    public var message: String
    /// What a program needs to react, sent in `grpc-status-details-bin`.
    public var details: [StatusDetail]
    /// The metadata that goes with the status in the trailers.
    public var metadata: Metadata
    /// The error behind this one; kept for logs, never sent.
    public var cause: (any Error)?

    /// An error with a code and a text, and optionally details, trailing metadata and a cause.
    public init(
        _ code: StatusCode,
        _ message: String,
        details: [StatusDetail] = [],
        metadata: Metadata = Metadata(),
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.details = details
        self.metadata = metadata
        self.cause = cause
    }

    /// The error that stands for a status, with the metadata that came with it.
    public init(_ status: Status, metadata: Metadata = Metadata(), cause: (any Error)? = nil) {
        self.init(status.code, status.message, details: status.details, metadata: metadata, cause: cause)
    }

    /// The part of this error that goes over the wire as `grpc-status`, `grpc-message` and details.
    public var status: Status {
        Status(code: code, message: message, details: details)
    }
}

extension RPCError: CustomStringConvertible {
    /// The code's name, the message, and the cause if there is one, on one line.
    public var description: String {
        var text = message.isEmpty ? code.description : "\(code): \(message)"
        if let cause { text += " (caused by: \(cause))" }
        return text
    }
}
