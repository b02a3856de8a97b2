// SPDX-License-Identifier: Apache-2.0

/// A whole answer in plain HTTP, for a client that does not speak gRPC (RFC 9110 §15).
package struct HTTPAnswer: Hashable, Sendable {
    /// The status, such as 404.
    package var status: Int
    /// The value of `allow`, which 405 must have (RFC 9110 §15.5.6).
    package var allow: String?
    /// A short text for a person; a line feed is added.
    package var text: String

    /// An answer of these parts.
    package init(status: Int, allow: String? = nil, text: String) {
        self.status = status
        self.allow = allow
        self.text = text
    }

    /// 405 with the methods that there are.
    package static func methodNotAllowed(_ allow: String, _ text: String) -> HTTPAnswer {
        HTTPAnswer(status: 405, allow: allow, text: text)
    }

    /// The body was larger than anybody reads.
    package static var contentTooLarge: HTTPAnswer {
        HTTPAnswer(status: 413, text: "a body of more than \(PlainRequest.maximumBodyBytes) bytes is not taken here")
    }

    /// The body did not end in time.
    package static var requestTimeout: HTTPAnswer {
        HTTPAnswer(status: 408, text: "the request did not end in time")
    }

    /// Whether the request was served; then its body is waited for, as any HTTP server does.
    package var isSuccess: Bool { status < 300 }
}
