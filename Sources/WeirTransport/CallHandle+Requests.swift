// SPDX-License-Identifier: Apache-2.0

package import WeirEngine
internal import WeirRPC

/// Waiting for a request message, where the request is a stream.
extension CallHandle {
    /// Suspends until the next request message, the end of the request or the end of the call is there, from any thread.
    ///
    /// As long as it waits, the client is given the credit for the rest of a message that has begun. One at a time: a second
    /// ask fails and leaves the first alone.
    ///
    /// Cancel safety: a cancelled ask fails, and the message it would have got is there for the next one.
    package nonisolated(nonsending) func nextRequest() async -> RequestOutcome {
        let place = WaitingPlace<RequestWaiter>()
        return await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { continuation in
                onLoop { call in
                    // What is there is taken even by a cancelled task: a task that looks before it waits sees the same.
                    if let outcome = call.requestNow() {
                        unsafe continuation.resume(returning: outcome)
                    } else if place.isCancelled {
                        unsafe continuation.resume(returning: .failed(Self.askCancelled))
                    } else {
                        // Called exactly once: the engine gives a waiter up before it resumes it.
                        let waiter = RequestWaiter { outcome in unsafe continuation.resume(returning: outcome) }
                        place.waiter = waiter
                        call.requestNext(waiter)
                    }
                }
            }
        } onCancel: {
            onLoop { call in
                place.isCancelled = true
                if let waiter = place.waiter { call.stopAsking(waiter, Self.askCancelled) }
            }
        }
    }

    private static var askCancelled: RPCError {
        RPCError(.cancelled, "the task was cancelled while it waited for a request message")
    }
}
