// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirBackpressure
internal import WeirHTTP2
internal import WeirTransport

/// A chain and the one timer that ends the waits in its queue.
///
/// The timer is set on the loop of the call that needs it first. There is one for a chain, not one for a call: when it fires
/// all that are late are told, and it is set again for the next.
final class TimedChain: Sendable {
    let chain: AdmissionChain
    /// When the timer fires; nil while nobody waits.
    ///
    /// An earlier one makes the later one idle.
    private let armed = Mutex<PolicyInstant?>(nil)

    init(_ chain: AdmissionChain) {
        self.chain = chain
    }

    /// Sees to it that the chain is told the time at `instant`, or before.
    func arm(_ instant: PolicyInstant, on executor: any CallExecutor) {
        let isEarlier = armed.withLock { armed in
            if let armed, armed <= instant { return false }
            armed = instant
            return true
        }
        guard isEarlier else { return }
        executor.schedule(at: MonotonicInstant(nanoseconds: instant.nanoseconds)) { [self] in
            fired(instant, on: executor)
        }
    }

    private func fired(_ instant: PolicyInstant, on executor: any CallExecutor) {
        let isCurrent = armed.withLock { armed in
            guard armed == instant else { return false }
            armed = nil
            return true
        }
        guard isCurrent else { return }
        if let next = chain.timerFired(at: PolicyInstant(executor.now)) { arm(next, on: executor) }
    }
}
