// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirEngine
internal import WeirRPC

/// Holds the newest state of a stream's flow for one observer, from the loop to whichever thread it waits on.
final class FlowMailbox: Sendable {
    fileprivate struct State {
        var latest: StreamFlow?
        /// What the observer knows: the cause of the value it took last.
        var knownCause: StreamStalled.Cause?
        var waiter: CheckedContinuation<StreamFlow?, Never>?
        /// Which wait that is, so that a cancelled one ends no other.
        var waiting: UInt64 = 0
        /// Waits so far.
        var waits: UInt64 = 0
        var isOver = false
    }

    private let state = Mutex(State())

    // MARK: - From the loop

    func attach(to call: ServerCall) {
        let observer = FlowObserver(owner: ObjectIdentifier(self)) { flow in self.put(flow) }
        if !call.addObserver(observer) { put(nil) }
    }

    func detach(from call: ServerCall) {
        call.removeObservers(of: ObjectIdentifier(self))
    }

    /// The blocked cause changed, or (nil) the call is over.
    func put(_ flow: StreamFlow?) {
        let resumption = state.withLock { state -> (CheckedContinuation<StreamFlow?, Never>, StreamFlow?)? in
            if let flow { state.latest = flow } else { state.isOver = true }
            guard let waiter = state.waiter else { return nil }
            let value = state.takeChange()
            guard value != nil || state.isOver else { return nil }
            state.waiter = nil
            return (waiter, value)
        }
        if let (waiter, value) = resumption { waiter.resume(returning: value) }
    }

    // MARK: - From the observer

    /// Suspends until there is a change; nil at the end, when the task is cancelled, and for a second task that waits at the
    /// same time.
    nonisolated(nonsending) func next() async -> StreamFlow? {
        let wait = state.withLock { state in
            state.waits &+= 1
            return state.waits
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> StreamFlow?? in
                    if let value = state.takeChange() { return .some(value) }
                    if state.isOver || state.waiter != nil || Task.isCancelled { return .some(nil) }
                    state.waiter = continuation
                    state.waiting = wait
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<StreamFlow?, Never>? in
                guard state.waiting == wait else { return nil }
                return state.waiter.take()
            }
            waiter?.resume(returning: nil)
        }
    }
}

extension FlowMailbox.State {
    /// The newest state, if it is a change for the observer.
    fileprivate mutating func takeChange() -> StreamFlow? {
        guard let flow = latest.take(), flow.blockedCause != knownCause else { return nil }
        knownCause = flow.blockedCause
        return flow
    }
}
