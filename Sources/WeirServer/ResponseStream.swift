// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
public import WeirProtobuf
public import WeirRPC
internal import WeirTransport

/// The response messages of a call, on their way to the client.
///
/// ```swift
/// for try await tick in ticks {
///     try await stream.send(tick)
/// }
/// ```
///
/// Usable from any task and thread, and from several at once; messages of one task keep their order.
public struct ResponseStream<Message: ProtobufMessage>: Sendable {
    @usableFromInline let call: ResponseCall

    init(_ context: CallContext) {
        call = ResponseCall(handle: context.handle, hooks: context.responseHooks)
    }

    /// Sends a message to the client.
    ///
    /// Returns without suspending while the client keeps up: the message is then serialised into the stream's queue, which
    /// never holds more than the stream's high watermark (64 KiB by default) or than the client's windows can carry.
    /// Otherwise it suspends, and the message stays unserialised in the caller's hands, until the client has read. At most
    /// 1,024 sends may be suspended on one stream.
    ///
    /// - Throws: ``WeirRPC/RPCError``: the client cancelled or is gone, its deadline passed, or it did not read for as long
    ///   as the stall deadline; then ``WeirRPC/StreamStalled`` is the error's cause (`error.streamStalled`). Also
    ///   RESOURCE_EXHAUSTED for a message that is larger than the send budget.
    ///
    /// Cancel safety: when the calling task is cancelled, either the whole message is queued or nothing of it.
    ///
    /// Source: RFC 9113 §5.2 (flow control), gRPC over HTTP/2 "Length-Prefixed-Message".
    @inlinable
    public nonisolated(nonsending) func send(_ message: Message) async throws {
        if call.hooks == nil, call.isOnLoop, try sendNow(message) { return }
        try await call.sendWaiting(message)
    }

    /// Queues a message if there is room now; only on the loop.
    ///
    /// A function of its own, so that what packing needs lies on the stack and not in the frame of the async function that
    /// sends, which lives as long as the call: that is a kilobyte for each stream.
    @inlinable @inline(never)
    func sendNow(_ message: Message) throws -> Bool {
        try message.withPacking { packing in try call.sendNow(packing) }
    }

    /// Sends a message if there is room for it within `deadline` from now.
    ///
    /// Suspends as ``send(_:)`` does, but no longer than that. With a deadline of zero or less it does not wait for room at
    /// all. Room that came before the deadline counts, even if the task runs on only later.
    ///
    /// - Throws: ``WeirRPC/RPCError`` with DEADLINE_EXCEEDED and ``WeirRPC/SendTimedOut`` as its cause
    ///   (`error.sendTimedOut`) when there was no room in time: nothing of the message was sent, and the stream lives, so the
    ///   next send may go through. The stream's stall deadline goes on counting: trying again and again does not keep a
    ///   client alive that does not read. Everything else as ``send(_:)``.
    ///
    /// Cancel safety: as ``send(_:)``.
    public nonisolated(nonsending) func send(_ message: Message, deadline: Duration) async throws {
        let message = try call.hooks.applied(to: message)
        if call.isOnLoop, try sendNow(message) { return }
        try await call.handle.sendWaiting(message, deadline: deadline)
    }

    /// Sends a message compressed or not, whatever is the rule for the call.
    ///
    /// With `true` the message is compressed, however small or incompressible it is, by the algorithm that was chosen for
    /// the call; if none was, or the client does not take it, the message goes as it is. With `false` it is not compressed.
    /// For messages of which an attacker chooses a part while another part is secret: compressing them together tells the
    /// secret by the message's size.
    ///
    /// Suspends, throws and is cancel safe as ``send(_:)``.
    ///
    /// Source: gRPC specification, `doc/compression.md`.
    public nonisolated(nonsending) func send(_ message: Message, compressed: Bool) async throws {
        try await call.handle.sendWaiting(try call.hooks.applied(to: message), compressed: compressed)
    }

    /// Offers a message: sends it if there is room now, and says why if not.
    ///
    /// Never suspends and never throws. On the connection's event loop, where handlers run, the answer is exact. On any
    /// other thread the message is handed over to the loop: at most 16 KiB or 64 messages of a stream, or one larger message,
    /// are on that way at a time; `.sent` means there that the message goes out in its turn, and the first of them may still
    /// find the stream blocked, but then nothing more is taken until it has left. Order is kept in both cases.
    ///
    /// A refused message counts as waiting until there is room for it, so a client that does not read stalls as usual.
    public func trySend(_ message: Message) -> SendAttempt {
        guard let hooks = call.hooks else { return call.handle.trySend(message) }
        do {
            return call.handle.trySend(try hooks.applied(to: message))
        } catch {
            return .refused(.ended(RPCError(for: error)))
        }
    }

    /// Sends the response's header fields ahead of the first message, which otherwise carries them along.
    ///
    /// Suspends only when called from outside the connection's event loop. Does nothing when they were sent before.
    public nonisolated(nonsending) func sendHeaders() async throws {
        try await call.handle.callOnLoop { call in call.sendHeaders() }
    }
}

/// The part of a call that ``ResponseStream/send(_:)`` needs when it is compiled into the application's module.
@usableFromInline
struct ResponseCall: Sendable {
    let handle: CallHandle
    /// What interceptors do with messages.
    @usableFromInline let hooks: MessageHooks?

    /// Whether the caller runs on the connection's loop.
    @usableFromInline
    var isOnLoop: Bool { handle.isOnLoop }

    /// Queues a message if there is room now; only on the loop.
    @usableFromInline
    func sendNow(_ packing: borrowing ProtobufPacking) throws -> Bool {
        try handle.sendNow(packing)
    }

    /// Sends a message for which there was no room, or from elsewhere than the loop.
    ///
    /// What lives in this frame and below is held by each stalled stream, so all work is done in functions that are not async
    /// and the rarer way has one of its own.
    @usableFromInline
    nonisolated(nonsending) func sendWaiting<Message: ProtobufMessage>(_ message: Message) async throws {
        if hooks != nil { return try await sendHooked(message) }
        if isOnLoop, !handle.call.compressesResponses {
            try await handle.waitForRoom(CallHandle.byteCount(of: message))
            // The task's executor is the loop, so this is still true.
            if isOnLoop { return try handle.redeem(message) }
            try await handle.redeemFromElsewhere(message)
        } else {
            try await handle.sendWaiting(message)
        }
    }
    private nonisolated(nonsending) func sendHooked<Message: ProtobufMessage>(_ message: Message) async throws {
        try await handle.send(try hooks.applied(to: message))
    }
}
