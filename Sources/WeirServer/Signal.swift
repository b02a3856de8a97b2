// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A wish that is expressed once and may be waited for.
final class Signal: Sendable {
    private struct State {
        var isSignalled = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Lets everybody go on who waits, now or later.
    func signal() {
        let waiters = state.withLock { state in
            state.isSignalled = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Suspends until ``signal()``, or until the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if !state.isSignalled { state.waiters.append(continuation) }
                    return state.isSignalled
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            signal()
        }
    }
}
