// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
public import WeirProtobuf
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

    init(handle: CallHandle) {
        call = ResponseCall(handle: handle)
    }

    /// Sends a message to the client.
    ///
    /// Returns without suspending while the client keeps up: the message is then serialised into the stream's queue, which
    /// never holds more than the stream's high watermark (64 KiB by default) or than the client's windows can carry.
    /// Otherwise it suspends, and the message stays unserialised in the caller's hands, until the client has read.
    ///
    /// - Throws: ``WeirRPC/RPCError``: the client cancelled or is gone, its deadline passed, or it did not read for as long
    ///   as the stall deadline; then ``WeirRPC/StreamStalled`` is the error's cause. Also RESOURCE_EXHAUSTED for a message
    ///   that is larger than the send budget.
    ///
    /// Cancel safety: when the calling task is cancelled, either the whole message is queued or nothing of it.
    ///
    /// Source: RFC 9113 §5.2 (flow control), gRPC over HTTP/2 "Length-Prefixed-Message".
    @inlinable
    public nonisolated(nonsending) func send(_ message: Message) async throws {
        if call.isOnLoop, try sendNow(message) { return }
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
        if isOnLoop {
            try await handle.waitForRoom(CallHandle.byteCount(of: message))
            // The task's executor is the loop, so this is still true.
            if isOnLoop { return try handle.redeem(message) }
            try await handle.redeemFromElsewhere(message)
        } else {
            try await handle.sendFromElsewhere(message)
        }
    }
}
