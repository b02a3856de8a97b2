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
    /// No effect once that was sent. A handler that fails before its first message sends it all the same.
    ///
    /// Suspends only when called from outside the connection's event loop.
    public nonisolated(nonsending) func setResponseMetadata(_ metadata: Metadata) async throws {
        try await handle.callOnLoop { call in call.responseMetadata = metadata }
    }

    /// Chooses how the responses of this call are compressed, instead of the method's setting.
    ///
    /// Returns whether they will be: only if the client says that it takes the algorithm (`grpc-accept-encoding`), and only
    /// before the first message or ``ResponseStream/sendHeaders()``. If not, nothing is changed. Messages of fewer than
    /// 128 bytes, and those that would not get smaller, are sent as they are; ``ResponseStream/send(_:compressed:)`` decides
    /// for a single message.
    ///
    /// Suspends only when called from outside the connection's event loop.
    @discardableResult
    public nonisolated(nonsending) func setResponseCompression(_ algorithm: CompressionAlgorithm) async -> Bool {
        await handle.readOnLoop { call in call.compressResponses(algorithm) }
    }

    /// Whether the request message that was taken last came compressed.
    ///
    /// Suspends only when asked for from outside the connection's event loop.
    public var requestWasCompressed: Bool {
        get async { await handle.readOnLoop { call in call.requestWasCompressed } }
    }

    /// Sets the metadata that goes out with the status.
    public func setTrailingMetadata(_ metadata: Metadata) {
        replies.setTrailing(metadata)
    }
}
