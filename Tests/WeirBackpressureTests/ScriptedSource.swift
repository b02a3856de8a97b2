// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Something that happens once, and can be waited for.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func set() {
        let waiters = state.withLock { state in
            state.isSet = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isSet = state.withLock { state -> Bool in
                if !state.isSet { state.waiters.append(continuation) }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }
}

/// Sets a signal when it is let go.
final class Witness: Sendable {
    private let ended: Signal

    init(_ ended: Signal) { self.ended = ended }

    deinit { ended.set() }
}

/// The numbers below `count`, as fast as they are taken; then it waits at a gate, and ends.
struct ScriptedSource: AsyncSequence, Sendable {
    let count: Int
    var failure: (any Error)?
    /// All numbers were taken.
    let isExhausted = Signal()
    /// Lets it end; without a `go` it ends when it is cancelled.
    let go = Signal()
    let wasCancelled = Signal()
    /// Whoever iterated has stopped.
    let wasLetGo = Signal()
    let pulled = PullCount()

    final class PullCount: Sendable {
        private let state = Mutex(0)
        var value: Int { state.withLock { $0 } }
        func add() { state.withLock { $0 += 1 } }
    }

    struct Iterator: AsyncIteratorProtocol {
        let source: ScriptedSource
        let witness: Witness
        var next = 0

        mutating func next() async throws -> Int? {
            if next < source.count {
                next += 1
                source.pulled.add()
                return next - 1
            }
            source.isExhausted.set()
            let source = source
            await withTaskCancellationHandler {
                await source.go.wait()
            } onCancel: {
                source.wasCancelled.set()
                source.go.set()
            }
            if let failure = source.failure { throw failure }
            return nil
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(source: self, witness: Witness(wasLetGo)) }
}
