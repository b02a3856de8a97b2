// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirServer

/// One watch: holds the newest status that its client was not sent, and nothing else.
final class HealthWatcher: Sendable {
    typealias Response = Grpc_Health_V1_HealthCheckResponse

    /// The name that is watched.
    let service: String
    private let context: CallContext

    private struct State {
        var latest: Response
        /// What the client was sent last.
        var known: Response?
        var waiter: CheckedContinuation<Response?, Never>?
        var isOver = false
    }

    private let state: Mutex<State>

    init(service: String, status: Response, context: CallContext) {
        self.service = service
        self.context = context
        state = Mutex(State(latest: status))
    }

    /// The status changed; what is returned resumes the handler, if it waits for that.
    func put(_ status: Response) -> Resumption? {
        state.withLock { state in
            state.latest = status
            guard status != state.known, let waiter = state.waiter.take() else { return nil }
            state.known = status
            return Resumption(waiter: waiter, value: status)
        }
    }

    /// There will be no other change: the handler sends what is new and ends.
    ///
    /// One that waits for a client which does not read is cancelled, unless it is about to be resumed with a status.
    func end(isSending: Bool) -> Resumption? {
        let waiter = state.withLock { state in
            state.isOver = true
            return state.waiter.take()
        }
        if let waiter { return Resumption(waiter: waiter, value: nil) }
        if !isSending { context.cancelHandler() }
        return nil
    }

    /// Suspends until there is a status that the client was not sent; nil at the end, and when the task is cancelled.
    nonisolated(nonsending) func next() async -> Response? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Response?? in
                    // A status counts more than a cancellation: that of the drain is to be sent.
                    if state.latest != state.known {
                        state.known = state.latest
                        return .some(state.latest)
                    }
                    if state.isOver || Task.isCancelled { return .some(nil) }
                    state.waiter = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume(returning: nil)
        }
    }

    /// A handler to be resumed when no lock is held.
    struct Resumption {
        fileprivate let waiter: CheckedContinuation<Response?, Never>
        fileprivate let value: Response?

        func resume() { waiter.resume(returning: value) }
    }
}
