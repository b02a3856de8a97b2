// SPDX-License-Identifier: Apache-2.0

extension Status {
    /// What is sent in place of this status when the client does not take trailers of its size.
    ///
    /// A failure keeps its code and text and loses its details and metadata; a success cannot be told without them, so it
    /// becomes RESOURCE_EXHAUSTED. Both say so in ErrorInfo.
    package func withoutDetails(trailersBytes: Int, limitBytes: Int) -> Status {
        let info = ErrorInfo(
            reason: "TRAILERS_TOO_LARGE", metadata: ["bytes": String(trailersBytes), "limit": String(limitBytes)])
        guard code == .ok else { return Status(code: code, message: message, details: [.errorInfo(info)]) }
        return Status(
            code: .resourceExhausted,
            message:
                "the trailers of \(trailersBytes) bytes are larger than the \(limitBytes) bytes that the client takes",
            details: [.errorInfo(info)])
    }
}
