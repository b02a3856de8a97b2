// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirEngine
internal import WeirRPC

/// A call as its handler holds it: usable from any task and thread.
///
/// `@unchecked Sendable`: the call is only touched on the loop. ``isOnLoop`` is checked before each direct use, and
/// everything else goes through ``onLoop(_:)``. ``request`` is set before the handler's task is made, and then is the task's.
package final class CallHandle: @unchecked Sendable {
    /// The call; to be used on the loop only.
    package let call: ServerCall
    /// Where handlers of this connection run.
    package let executor: LoopExecutor
    /// The peer's address.
    package let remoteAddress: SocketAddress?
    /// The request's message until the handler has decoded it; afterwards nobody needs its bytes.
    package var request: ByteBuffer?
    /// The handler's task, set on the loop.
    package var task: Task<Void, Never>?

    init(call: ServerCall, executor: LoopExecutor, remoteAddress: SocketAddress?) {
        self.call = call
        self.executor = executor
        self.remoteAddress = remoteAddress
    }

    /// Whether the current thread is the connection's loop, so that ``call`` may be used directly.
    @inline(__always)
    package var isOnLoop: Bool { executor.eventLoop.inEventLoop }

    /// Runs `body` on the loop, now if this is the loop.
    package func onLoop(_ body: @escaping @Sendable (ServerCall) -> Void) {
        if isOnLoop { body(call) } else { executor.eventLoop.execute { body(self.call) } }
    }

    /// Runs `body` on the loop and returns what it returns.
    ///
    /// Suspends when called from elsewhere.
    package nonisolated(nonsending) func callOnLoop<Result: Sendable>(
        _ body: @escaping @Sendable (ServerCall) throws -> Result
    ) async throws -> Result {
        if isOnLoop { return try body(call) }
        return try await withCheckedThrowingContinuation { continuation in
            executor.eventLoop.execute { continuation.resume(with: Swift.Result { try body(self.call) }) }
        }
    }

    /// Suspends until there is room for a message of `byteCount` bytes.
    ///
    /// When it returns the room is set aside, and the caller must redeem it on the loop. Cancelling the task ends the wait
    /// with an error and leaves nothing behind; a wait that was granted before stays granted.
    ///
    /// - Throws: `RPCError` when there never will be room. Untyped, because a typed error would have its place in the frame
    ///   of each waiting sender.
    package nonisolated(nonsending) func waitForRoom(_ byteCount: Int) async throws {
        let place = WaitingPlace()
        let failure: (any Error)? = await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { continuation in
                onLoop { call in
                    if place.isCancelled {
                        unsafe continuation.resume(returning: Self.sendCancelled)
                        return
                    }
                    let waiter = SendWaiter(byteCount: byteCount + MessagePrefix.byteCount) { outcome in
                        // Called exactly once: the engine takes a waiter out of its queue before it resumes it.
                        switch outcome {
                        case .granted: unsafe continuation.resume(returning: nil)
                        case .failed(let error): unsafe continuation.resume(returning: error)
                        }
                    }
                    place.waiter = waiter
                    call.wait(waiter)
                }
            }
        } onCancel: {
            onLoop { call in
                place.isCancelled = true
                if let waiter = place.waiter { call.stopWaiting(waiter, Self.sendCancelled) }
            }
        }
        if let failure { throw failure }
    }

    private static let sendCancelled = RPCError(
        .cancelled, "the sending task was cancelled before its message was queued")
}

/// Joins a suspended sender and the cancellation of its task.
///
/// `@unchecked Sendable`: only used on the loop.
private final class WaitingPlace: @unchecked Sendable {
    var waiter: SendWaiter?
    var isCancelled = false
}
