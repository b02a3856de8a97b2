// SPDX-License-Identifier: Apache-2.0

/// Which sides of a call are streams of messages.
public enum MethodKind: Hashable, Sendable, CaseIterable {
    /// One request message, one response message.
    case unary
    /// Any number of request messages, one response message.
    case clientStreaming
    /// One request message, any number of response messages.
    case serverStreaming
    /// Any number of messages both ways, independent of each other.
    case bidirectionalStreaming

    /// Whether the client may send other than exactly one message.
    @inlinable
    public var streamsRequests: Bool {
        switch self {
        case .unary, .serverStreaming: false
        case .clientStreaming, .bidirectionalStreaming: true
        }
    }

    /// Whether the server may send other than exactly one message.
    @inlinable
    public var streamsResponses: Bool {
        switch self {
        case .unary, .clientStreaming: false
        case .serverStreaming, .bidirectionalStreaming: true
        }
    }
}
