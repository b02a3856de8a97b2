// SPDX-License-Identifier: Apache-2.0

public import Logging
internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
public import WeirRPC
internal import WeirTransport

/// What a handler can know of its call, and say beside its messages.
///
/// A value: interceptors change a copy and hand it inwards. Usable from any task and thread, also after the call's end.
public struct CallContext: Sendable {
    let state: CallState
    private var values = ContextValues()
    private var ownLogger: Logger?
    /// What is done with messages, if anything.
    var requestHooks: MessageHooks?
    var responseHooks: MessageHooks?

    init(state: CallState) {
        self.state = state
    }

    var handle: CallHandle { state.handle }

    /// The value that an interceptor left under this key; nil without.
    ///
    /// Setting it changes this copy of the context.
    public subscript<Key: ContextKey>(key: Key.Type) -> Key.Value? {
        get { values[key] }
        set { values[key] = newValue }
    }

    // MARK: - The request

    /// The method that was called.
    public var method: MethodDescriptor { handle.call.route.method }

    /// The metadata that came with the request.
    public var metadata: Metadata { handle.call.head.metadata }

    /// The name that the client calls the server by (`:authority`, or `host`); nil when it named none.
    public var authority: String? { handle.call.head.authority }

    /// What the client says it is (`user-agent`); nil when it does not.
    public var userAgent: String? { handle.call.head.userAgent }

    /// Who called: the address of the other end of the connection.
    public var peer: Peer { Peer(handle.remoteAddress) }

    // MARK: - Ids and the log

    /// The number of the connection within this process, from 1.
    public var connectionID: UInt64 { handle.connectionID }

    /// The number of the call's stream within its connection (RFC 9113 §5.1.1).
    public var streamID: Int { Int(handle.call.streamID.rawValue) }

    /// What tells this call from others: the client's `x-request-id`, if it has 1 to 128 bytes, or connection and stream as
    /// `7-13`.
    ///
    /// What a client says need not be unique.
    public var requestID: String { state.requestID }

    /// The server's logger with `weir.method`, `weir.peer`, `weir.connection`, `weir.stream` and `weir.request_id`.
    ///
    /// Made when it is asked for first: a call that does not log pays nothing. Setting it, or its metadata, changes this
    /// copy of the context: what an interceptor adds, the handler's log lines have.
    public var logger: Logger {
        get { ownLogger ?? state.logger }
        set { ownLogger = newValue }
    }

    // MARK: - The response

    /// Sets the metadata that goes out ahead of the first message, in place of what was set before.
    ///
    /// What was added by ``addResponseMetadata(_:)`` stays. No effect once the header fields were sent. A handler that fails
    /// before its first message sends it all the same.
    ///
    /// Suspends only when called from outside the connection's event loop.
    public nonisolated(nonsending) func setResponseMetadata(_ metadata: Metadata) async throws {
        try await handle.callOnLoop { [state] call in call.responseMetadata = state.setResponse(metadata) }
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

    /// Adds to the metadata that goes out ahead of the first message; meant for interceptors.
    ///
    /// No effect once the header fields were sent.
    ///
    /// Suspends only when called from outside the connection's event loop.
    public nonisolated(nonsending) func addResponseMetadata(_ metadata: Metadata) async throws {
        try await handle.callOnLoop { [state] call in call.responseMetadata = state.addResponse(metadata) }
    }

    /// Sets the metadata that goes out with the status, in place of what was set before.
    ///
    /// What was added by ``addTrailingMetadata(_:)`` stays. The metadata of an error that the handler throws takes its place.
    public func setTrailingMetadata(_ metadata: Metadata) {
        state.setTrailing(metadata)
    }

    /// Adds to the metadata that goes out with the status, whatever that is; meant for interceptors.
    public func addTrailingMetadata(_ metadata: Metadata) {
        state.addTrailing(metadata)
    }

    /// What was set and added so far to go out with the status.
    public var trailingMetadata: Metadata { state.trailing() }
}
