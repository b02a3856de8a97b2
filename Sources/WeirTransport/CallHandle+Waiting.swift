// SPDX-License-Identifier: Apache-2.0

package import WeirEngine
package import WeirHTTP2
package import WeirRPC

/// Waiting for room.
extension CallHandle {
    /// Suspends until there is room for a message of `byteCount` bytes, and writes it with `write` on the loop.
    ///
    /// Cancel safety: when the task is cancelled, either the whole message was written or nothing of it.
    ///
    /// - Throws: why nothing can be sent any more, that the deadline passed, that the task was cancelled, or what `write`
    ///   throws.
    package nonisolated(nonsending) func waitAndWrite(
        _ byteCount: Int, since: MonotonicInstant, deadline: MonotonicInstant,
        _ write: @escaping @Sendable (ServerCall) throws(RPCError) -> Void
    ) async throws(RPCError) {
        let failure = await wait(byteCount, since: since, deadline: deadline, claimsRoom: true) { call in
            do throws(RPCError) {
                try call.redeem()
                try write(call)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Suspends until there is room for a message of `byteCount` bytes; only from the loop, and as ``send`` uses it.
    ///
    /// When it returns the room is set aside, and the caller must redeem it on the loop. Cancelling the task ends the wait
    /// with an error and leaves nothing behind; a wait that was granted before stays granted. Each stalled stream holds this
    /// frame, so it has neither a deadline nor a typed error, which would have its place in it.
    ///
    /// - Throws: `RPCError` when there never will be room.
    package nonisolated(nonsending) func waitForRoom(_ byteCount: Int) async throws {
        let place = WaitingPlace<SendWaiter>()
        let failure: (any Error)? = await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { continuation in
                onLoop { call in
                    self.takeHandedOver()
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
            cancelled(place)
        }
        if let failure { throw failure }
    }

    private func cancelled(_ place: WaitingPlace<SendWaiter>) {
        onLoop { call in
            place.isCancelled = true
            if let waiter = place.waiter { call.stopWaiting(waiter, Self.sendCancelled) }
        }
    }

    /// Suspends until a message of `byteCount` bytes could be sent; sets nothing aside.
    ///
    /// - Throws: why nothing can be sent any more, or that the task was cancelled.
    package nonisolated(nonsending) func waitForOpening(_ byteCount: Int) async throws(RPCError) {
        if isOnLoop {
            takeHandedOver()
            if try call.hasRoom(byteCount) { return }
        }
        let failure = await wait(byteCount, since: now, deadline: .distantFuture, claimsRoom: false) { _ in nil }
        if let failure { throw failure }
    }

    /// Waits; `granted` runs on the loop when there is room, and its error, or that of the wait, is returned.
    private nonisolated(nonsending) func wait(
        _ byteCount: Int, since: MonotonicInstant, deadline: MonotonicInstant, claimsRoom: Bool,
        _ granted: @escaping @Sendable (ServerCall) -> RPCError?
    ) async -> RPCError? {
        if let error = handOver.end { return error }
        let place = WaitingPlace<SendWaiter>()
        return await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { continuation in
                onLoop { call in
                    self.takeHandedOver()
                    if place.isCancelled {
                        unsafe continuation.resume(returning: Self.sendCancelled)
                        return
                    }
                    let waiter = SendWaiter(
                        byteCount: byteCount + MessagePrefix.byteCount, since: since, deadline: deadline,
                        claimsRoom: claimsRoom
                    ) { outcome in
                        // Called exactly once, on the loop: the engine takes a waiter out of its queue before it resumes it.
                        switch outcome {
                        case .granted: unsafe continuation.resume(returning: granted(call))
                        case .failed(let error): unsafe continuation.resume(returning: error)
                        }
                    }
                    place.waiter = waiter
                    call.wait(waiter)
                }
            }
        } onCancel: {
            cancelled(place)
        }
    }

    private static var sendCancelled: RPCError {
        RPCError(.cancelled, "the sending task was cancelled before its message was queued")
    }
}
