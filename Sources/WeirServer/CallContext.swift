// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
public import WeirRPC
internal import WeirTransport

/// What a handler can know of its call, and say beside its messages.
public struct CallContext: Sendable {
    let handle: CallHandle
    private let replies: ReplyMetadata

    init(handle: CallHandle, replies: ReplyMetadata) {
        self.handle = handle
        self.replies = replies
    }

    /// The method that was called.
    public var method: MethodDescriptor { handle.call.route.method }

    /// The metadata that came with the request.
    public var metadata: Metadata { handle.call.head.metadata }

    /// How long the client was willing to wait when it sent the request (`grpc-timeout`); nil without a limit.
    ///
    /// The server keeps to it: when it passes, the handler's task is cancelled and the client gets DEADLINE_EXCEEDED.
    public var timeout: Duration? { handle.call.head.timeout }

    /// The client's address, such as `127.0.0.1:52000`; nil when it is not known.
    public var peer: String? {
        guard let address = handle.remoteAddress else { return nil }
        guard let host = address.ipAddress, let port = address.port else { return address.pathname }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Sets the metadata that goes out ahead of the first message.
    ///
    /// No effect once that was sent.
    ///
    /// Suspends only when called from outside the connection's event loop.
    public nonisolated(nonsending) func setResponseMetadata(_ metadata: Metadata) async throws {
        try await handle.callOnLoop { call in call.responseMetadata = metadata }
    }

    /// Sets the metadata that goes out with the status.
    public func setTrailingMetadata(_ metadata: Metadata) {
        replies.setTrailing(metadata)
    }

    /// Adds to the metadata that goes out with the status, whatever that is; meant for interceptors.
    public func addTrailingMetadata(_ metadata: Metadata) {
        replies.addTrailing(metadata)
    }
}
