// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A ``PolicyBuffer`` between two tasks: a lock around the machine, and who waits on either side.
///
/// At most one task waits on each side. Continuations are resumed, and observers called, after the lock was left. A waiter
/// is only ever told to look again, so a wake-up too many does no harm.
final class BufferStorage<Message: Sendable>: Sendable {
    enum Taking {
        case message(Message)
        case notBefore(Duration)
        case empty
        case finished
        case failed(any Error)
    }

    enum Offering {
        case taken
        case mustWait(until: PolicyInstant)
        case failed(BufferOverflow)
        case cancelled
    }

    private enum End {
        case none
        case finished(failure: (any Error)?)
        case cancelled
    }

    private struct State {
        var buffer: PolicyBuffer<Message>
        var end = End.none
        var consumer: CheckedContinuation<Void, Never>?
        var producer: CheckedContinuation<Void, Never>?
        var isReportingFlow = false
    }

    private let policyName: String
    private let observer: (any PolicyObserver)?
    private let onFlowChange: (@Sendable (FlowChange) -> Void)?
    private let state: Mutex<State>

    init(
        _ buffer: PolicyBuffer<Message>, observer: (any PolicyObserver)?,
        onFlowChange: (@Sendable (FlowChange) -> Void)?
    ) {
        policyName = buffer.policy.name
        self.observer = observer
        self.onFlowChange = onFlowChange
        state = Mutex(State(buffer: buffer))
    }

    var counts: BufferCounts { state.withLock { $0.buffer.counts } }

    // MARK: - The producer's side

    func offer(_ message: Message, bytes: Int, at now: PolicyInstant) -> Offering {
        let (offering, dropped, waiter) = state.withLock {
            state -> (Offering, Int, CheckedContinuation<Void, Never>?) in
            if case .none = state.end {} else { return (.cancelled, 0, nil) }
            switch state.buffer.offer(message, bytes: bytes, at: now) {
            case .accepted: return (.taken, 0, state.consumer.take())
            case .droppedOlder(let count): return (.taken, count, state.consumer.take())
            case .droppedOffered: return (.taken, 1, nil)
            case .mustWait(let until): return (.mustWait(until: until), 0, nil)
            case .fail(let error): return (.failed(error), 0, nil)
            }
        }
        waiter?.resume()
        if dropped > 0 { observer?.observe(.dropped(policy: policyName, count: dropped)) }
        reportFlow()
        return offering
    }

    /// The source has ended; nothing is offered any more.
    func finish(_ failure: (any Error)?) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .none = state.end else { return nil }
            state.end = .finished(failure: failure)
            return state.consumer.take()
        }
        waiter?.resume()
    }

    /// Suspends until there may be room for so many bytes, the buffer was cancelled, or the task is cancelled.
    func waitForRoom(bytes: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state -> Bool in
                    guard case .none = state.end, !Task.isCancelled, !state.buffer.hasRoom(for: bytes) else {
                        return false
                    }
                    state.producer = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.producer.take() }?.resume()
        }
    }

    // MARK: - The consumer's side

    func take(at now: PolicyInstant) -> Taking {
        let (taking, waiter) = state.withLock { state -> (Taking, CheckedContinuation<Void, Never>?) in
            switch state.buffer.take(at: now) {
            case .message(let message):
                return (.message(message), state.producer.take())
            case .notBefore(let instant):
                return (.notBefore(instant.duration(since: now)), nil)
            case .empty:
                switch state.end {
                case .none: return (.empty, nil)
                case .cancelled, .finished(failure: nil): return (.finished, nil)
                case .finished(let failure?):
                    state.end = .finished(failure: nil)
                    return (.failed(failure), nil)
                }
            }
        }
        waiter?.resume()
        reportFlow()
        return taking
    }

    /// Suspends until a message was offered, the source has ended, or the task is cancelled.
    func waitForMessage(isolation: isolated (any Actor)?) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation(isolation: isolation) { continuation in
                let mustWait = state.withLock { state -> Bool in
                    guard case .none = state.end, !Task.isCancelled, state.buffer.isEmpty else { return false }
                    state.consumer = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.consumer.take() }?.resume()
        }
    }

    /// Nobody will take anything any more: what is held is dropped, and the producer told to stop.
    func cancel() {
        let (dropped, producer) = state.withLock { state -> (Int, CheckedContinuation<Void, Never>?) in
            let before = state.buffer.counts.dropped
            state.buffer.discard()
            state.end = .cancelled
            return (Int(clamping: state.buffer.counts.dropped - before), state.producer.take())
        }
        producer?.resume()
        if dropped > 0 { observer?.observe(.dropped(policy: policyName, count: dropped)) }
    }

    // MARK: - Watermarks

    /// Reports crossings in their order: one task at a time, which goes on until there is none.
    private func reportFlow() {
        guard onFlowChange != nil || observer != nil else { return }
        while let change = nextFlowChange() {
            onFlowChange?(change)
            observer?.observe(.flowChanged(policy: policyName, change))
            state.withLock { $0.isReportingFlow = false }
        }
    }

    private func nextFlowChange() -> FlowChange? {
        state.withLock { state in
            guard !state.isReportingFlow, let change = state.buffer.flowChange() else { return nil }
            state.isReportingFlow = true
            return change
        }
    }
}
