// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import NIOCore
package import WeirHTTP2
package import WeirRPC

/// One call on a connection: what its handler sends, and what becomes of it.
///
/// Confined to its connection's loop. The rules are in ``ServerCallStateMachine`` (what may be sent when) and in
/// ``SendFlowController`` (what may be queued now); this object joins them.
package final class ServerCall {
    package let route: CallRoute
    package let head: RequestHead
    /// How request messages that are marked as compressed are compressed.
    package let requestEncoding: CompressionAlgorithm
    /// What the driver hangs on the call: its handler's task.
    package var attachment: AnyObject?
    /// Whether the driver was told to run a handler that has not returned.
    package internal(set) var handlerIsRunning = false
    /// Whether the handler returned, so that what is unsent is the tail.
    package internal(set) var handlerHasReturned = false
    /// Messages that were queued.
    @exclusivity(unchecked) private var messagesQueued: UInt64 = 0
    /// Messages that left whole.
    package var messagesSent: UInt64 {
        unsafe messagesQueued &- UInt64(stream.queue.messageCount) &- UInt64(stream.queue.droppedMessageCount)
    }
    /// When the client's deadline passes (`grpc-timeout`).
    package let deadline: MonotonicInstant?
    /// Metadata for the response's first field section; no effect once that was sent.
    package var responseMetadata = Metadata()

    /// Largest response message, in bytes.
    let maximumResponseBytes: Int
    /// How responses may be compressed: what the client takes and the headers announce, or will; see
    /// ``compressResponses(_:)``.
    @exclusivity(unchecked) package internal(set) var responseCompression = CompressionAlgorithm.identity
    /// Whether the request message that was taken last came compressed.
    package internal(set) var requestWasCompressed = false

    let stream: HTTP2Stream
    /// Kept alive by its calls: a handler may return long after the connection is gone.
    ///
    /// Connection and call let go of each other when the stream ends.
    let connection: ServerConnection
    @exclusivity(unchecked) var machine: ServerCallStateMachine
    @exclusivity(unchecked) var deframer: MessageDeframer
    var request: ByteBuffer?
    /// When the request, or its unfinished message where it is a stream, has to be whole, by the connection's receive clock;
    /// ``MonotonicInstant/distantFuture`` when nothing is unfinished.
    var requestDue = MonotonicInstant.distantFuture
    /// When that began, by that clock.
    var requestBeganAt = MonotonicInstant(nanoseconds: 0)
    /// Since when the client cannot finish the message because the stream's window is closed and nobody reads, by that clock.
    var requestHeldSince: MonotonicInstant?
    /// Bytes that arrived since the unfinished message was looked at; nil when there is no reason to look.
    var messageBytesToLookAt: Int?
    /// Who asked for the next request message and was not answered yet.
    var requestWaiter: RequestWaiter?
    @exclusivity(unchecked) var waiters: Deque<SendWaiter> = []
    /// The earliest deadline of the senders that wait.
    var sendDeadline = MonotonicInstant.distantFuture
    /// Whether the message that the flow controller takes for waiting was refused, so that nobody waits with it.
    var remembersOffer = false
    /// Bytes taken over from other threads that wait for room; see ``counts``.
    package var handedOverBytes = 0
    /// Who watches the blocked cause, and the cause they were told last.
    var flowObservers: [FlowObserver] = []
    var observedCause: BlockedCause?
    /// What a sender is told after the end; the machine's own answer if nil.
    @exclusivity(unchecked) var endError: RPCError?
    /// Who has to know that the first response message is being queued; told once, outside of the session.
    package var onFirstMessage: (() -> Void)?
    /// The deadlines that the handler chose for its call.
    var flowOverride: FlowOverride?

    init(
        connection: ServerConnection, stream: HTTP2Stream, route: CallRoute, head: RequestHead,
        now: MonotonicInstant
    ) {
        self.connection = connection
        self.stream = stream
        self.route = route
        self.head = head
        deadline = head.timeout.map { now + $0 }
        maximumResponseBytes = route.maximumResponseBytes ?? .max
        unsafe machine = ServerCallStateMachine(kind: route.method.kind)
        requestEncoding = CompressionAlgorithm(encoding: head.encoding) ?? .identity
        unsafe deframer = MessageDeframer(maximumMessageBytes: route.maximumRequestBytes, encoding: requestEncoding)
        if route.responseCompression != .identity, route.responseCompression.isAccepted(by: head.acceptEncoding) {
            unsafe responseCompression = route.responseCompression
        }
        connection.countCall()
    }

    /// The stream's number, for logs.
    package var streamID: HTTP2StreamID { stream.id }

    /// Whether messages can still be sent.
    package var isOpen: Bool { unsafe machine.isOpen && endError == nil }

    /// Bytes held for the client: queued, and the room set aside for the message in the sender's hands.
    package var heldBytes: Int { stream.pendingBytes }

    /// Why nothing can be sent any more.
    package var error: RPCError {
        unsafe endError ?? machine.end?.error ?? RPCError(.internalError, "the call is still open")
    }

    // MARK: - Sending

    /// Asks for room for a message of `byteCount` bytes behind a 5-byte prefix.
    ///
    /// Returns true when the caller must write it now with ``write(_:_:)``, false when it has to wait its turn with
    /// ``wait(_:)``.
    ///
    /// - Throws: why nothing can be sent any more, or RESOURCE_EXHAUSTED when no budget could ever hold the message.
    @inline(__always)
    package func admit(_ byteCount: Int) throws(RPCError) -> Bool {
        guard unsafe machine.isOpen, unsafe endError == nil else { throw error }
        guard byteCount <= maximumResponseBytes else { throw tooLarge(byteCount) }
        let total = byteCount + MessagePrefix.byteCount
        guard unsafe waiters.isEmpty, connection.session.flow.admit(total, on: stream) else {
            return try admitOffered(total)
        }
        return true
    }

    /// Whether a message of this size, prefix included, could ever be queued: no amount of reading makes a budget larger.
    func couldHold(_ total: Int) -> Bool {
        connection.session.flow.budget.couldHold(total) && total <= MessagePrefix.maximumTotalBytes
    }

    /// Why a message of so many bytes is not taken.
    @inline(never)
    func tooLarge(_ byteCount: Int) -> RPCError {
        RPCError(
            .resourceExhausted,
            "a response of \(byteCount) bytes is larger than the method's limit of \(maximumResponseBytes) bytes")
    }

    func checkSize(_ total: Int) throws(RPCError) {
        guard couldHold(total) else {
            throw RPCError(
                .resourceExhausted,
                "a message of \(total) bytes is larger than the send budget; send smaller messages or raise the budget")
        }
    }

    /// Writes an admitted message: its prefix, then exactly `byteCount` bytes from `body`.
    ///
    /// - Throws: the method gives only one response and already gave it.
    @inline(__always)
    package func write(
        _ byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(RPCError) {
        try beginMessage(byteCount)
        let session = connection.session
        unsafe stream.queue.append(count: byteCount + MessagePrefix.byteCount, spares: &session.flow.spares) { space in
            unsafe MessagePrefix.write(length: byteCount, into: space)
            unsafe body(UnsafeMutableRawBufferPointer(rebasing: space[MessagePrefix.byteCount...]))
        }
        messageQueued()
    }

    /// Writes an admitted message in pieces: large payloads are queued as the slices they come in.
    ///
    /// - Throws: the method gives only one response and already gave it.
    package func writePieces(
        _ byteCount: Int, _ body: (_ bytes: (UnsafeRawBufferPointer) -> Void, _ slice: (ByteBuffer) -> Void) -> Void
    ) throws(RPCError) {
        try beginMessage(byteCount)
        let session = connection.session
        unsafe stream.queue.append(count: MessagePrefix.byteCount, spares: &session.flow.spares) { space in
            unsafe MessagePrefix.write(length: byteCount, into: space)
        }
        unsafe body(
            { bytes in
                unsafe stream.queue.append(count: bytes.count, spares: &session.flow.spares) { space in
                    unsafe space.copyMemory(from: bytes)
                }
            },
            { slice in stream.queue.append(slice: slice) })
        messageQueued()
    }

    @inline(__always)
    func beginMessage(_ byteCount: Int) throws(RPCError) {
        switch unsafe machine.responseMessageAdmitted() {
        case .send(let sendsHeaders, let isFirst):
            if sendsHeaders, let error = connection.submitResponseHeaders(self) {
                connection.session.flow.returnUnused(byteCount + MessagePrefix.byteCount, on: stream)
                throw error
            }
            stream.queue.beginMessage(byteCount + MessagePrefix.byteCount)
            if isFirst { onFirstMessage.take()?() }
        case .refuse(let error):
            connection.session.flow.returnUnused(byteCount + MessagePrefix.byteCount, on: stream)
            throw error
        }
    }

    @inline(__always)
    func messageQueued() {
        unsafe messagesQueued &+= 1
        if stream.isDeferred { connection.session.resumeData(stream) }
        connection.outputIsWanted()
    }

    // MARK: - Ending

    /// Sends the response's first field section ahead of any message.
    package func sendHeaders() {
        if unsafe machine.responseHeadersRequested() {
            _ = connection.submitResponseHeaders(self)
            connection.outputIsWanted()
        }
    }

    /// The handler returned or threw: everything queued goes out, then this status.
    package func handlerReturned(_ status: Status, metadata: Metadata = Metadata()) {
        connection.handlerReturned(self, status, metadata)
    }
}
