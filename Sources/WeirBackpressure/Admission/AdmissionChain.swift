// SPDX-License-Identifier: Apache-2.0

/// Policies one behind the other: a call runs when all of them let it in.
///
/// They are asked in the order in which they are given, and what the earlier ones gave goes back when a later one says no.
/// Put the cheap and final refusals first: ``LoadShedding``, ``CircuitBreaker``, ``RateLimit``, ``StreamLimit``,
/// ``Bulkhead``; then the queue; behind it the limit that calls wait for, ``ConcurrencyLimit`` or ``AdaptiveLimit``. So a
/// caller over its rate takes no place in the queue, and a call in the queue holds none of the server's.
///
/// What stands behind the queue must belong to this chain only: the queue is served when a call of this chain ends.
public final class AdmissionChain: Sendable {
    /// The name in events.
    public let name: String
    /// The queue, if calls may wait.
    public let queue: BoundedQueue?

    private let gates: [any AdmissionPolicy]
    private let limits: [any AdmissionPolicy]
    private let observer: (any PolicyObserver)?

    /// A chain of gates, and of limits that calls wait for in the queue.
    ///
    /// Without a queue the limits turn calls away, as gates do.
    public init(
        _ gates: [any AdmissionPolicy] = [],
        queue: BoundedQueue? = nil,
        limits: [any AdmissionPolicy] = [],
        name: String = "admission",
        observer: (any PolicyObserver)? = nil
    ) {
        self.gates = gates
        self.queue = queue
        self.limits = limits
        self.name = name
        self.observer = observer
    }

    /// Decides over a call, at once.
    ///
    /// `onTurn` is called exactly once if the answer is ``AdmissionDecision/wait(_:)`` and the call is not abandoned: on
    /// any thread, outside of locks, and possibly before this returns. It should do no more than hand the turn to the
    /// call's event loop. Without it a call does not wait but is turned away.
    public func admit(
        _ call: CallFacts, at now: PolicyInstant, onTurn: (@Sendable (AdmissionTurn) -> Void)? = nil
    ) -> AdmissionDecision {
        var held: [HeldGrant] = []
        held.reserveCapacity(gates.count + limits.count)
        if let rejection = pass(gates, call, at: now, &held) { return rejected(rejection) }
        guard let queue, let onTurn else {
            if let rejection = pass(limits, call, at: now, &held) { return rejected(rejection) }
            return .admit(permit(held, at: now))
        }
        if queue.isEmpty(at: now) {
            let gateCount = held.count
            guard let rejection = pass(limits, call, at: now, &held, keeping: gateCount) else {
                return .admit(permit(held, at: now))
            }
            guard rejection.reason.endsWithACall else {
                withdraw(&held, keeping: 0, at: now)
                return rejected(rejection)
            }
        }
        switch queue.join(call, held: held, onTurn: onTurn, at: now) {
        case .joined(let waiting):
            // The last call may have ended between its refusal and the joining.
            serve(at: now)
            return .wait(waiting)
        case .refused(let rejection):
            withdraw(&held, keeping: 0, at: now)
            return rejected(rejection)
        }
    }

    /// A waiting call was cancelled; returns whether it was still waiting.
    ///
    /// If so its `onTurn` is not called any more. If not, its turn came first and the permit has to be ended.
    @discardableResult
    public func abandon(_ waiting: WaitingCall, at now: PolicyInstant) -> Bool {
        guard let queue else { return false }
        switch queue.abandon(waiting.id) {
        case .gone: return false
        case .inHand: return true
        case .removed(let entry):
            for held in entry.held.reversed() { held.policy.withdraw(held.grant, at: now) }
            return true
        }
    }

    /// Ends the waits that are over, and returns when to call again; nil while nobody waits.
    @discardableResult
    public func timerFired(at now: PolicyInstant) -> PolicyInstant? {
        guard let queue else { return nil }
        for late in queue.expire(at: now) { reject(late.entry, late.rejection, at: now) }
        serve(at: now)
        return queue.nextExpiry
    }

    // MARK: - What permits and policies report

    /// Ends a permit's grants; without a time the latest that the queue has seen is used.
    func ended(_ held: [HeldGrant], as outcome: CallOutcome, admittedAt: PolicyInstant, at now: PolicyInstant?) {
        let now = now ?? max(admittedAt, queue?.latestInstant ?? admittedAt)
        returned(held, as: outcome, at: now)
        observer?.observe(.ended(policy: name, outcome: outcome, held: now.duration(since: admittedAt)))
        serve(at: now)
    }

    /// Takes a permit's grants back, of a call that never ran.
    func withdrawn(_ held: [HeldGrant], at now: PolicyInstant) {
        for held in held.reversed() { held.policy.withdraw(held.grant, at: now) }
        serve(at: now)
    }

    /// Gives grants back, the last first.
    func returned(_ held: [HeldGrant], as outcome: CallOutcome, at now: PolicyInstant) {
        for held in held.reversed() { held.policy.end(held.grant, as: outcome, at: now) }
    }

    /// A place became free, or may have: those who wait have their turn.
    ///
    /// Permits say so themselves; call it when a limit was raised by hand.
    public func roomWasMade(at now: PolicyInstant) {
        serve(at: now)
    }

    // MARK: - Inside

    /// Asks each policy; the first rejection takes back what was granted beyond `keeping`.
    private func pass(
        _ policies: [any AdmissionPolicy], _ call: CallFacts, at now: PolicyInstant, _ held: inout [HeldGrant],
        keeping: Int = 0
    ) -> Rejection? {
        for policy in policies {
            switch policy.admit(call, at: now) {
            case .granted(let grant):
                held.append(HeldGrant(policy: policy, grant: grant))
            case .rejected(let rejection):
                withdraw(&held, keeping: keeping, at: now)
                return rejection
            }
        }
        return nil
    }

    private func withdraw(_ held: inout [HeldGrant], keeping: Int, at now: PolicyInstant) {
        while held.count > keeping, let last = held.popLast() { last.policy.withdraw(last.grant, at: now) }
    }

    private func permit(_ held: [HeldGrant], at now: PolicyInstant) -> Permit {
        observer?.observe(.admitted(policy: name))
        return Permit(held, of: self, at: now)
    }

    private func rejected(_ rejection: Rejection) -> AdmissionDecision {
        observer?.observe(.rejected(policy: rejection.policy, reason: rejection.reason))
        return .reject(rejection)
    }

    private func reject(_ entry: WaitingEntry, _ rejection: Rejection, at now: PolicyInstant) {
        for held in entry.held.reversed() { held.policy.withdraw(held.grant, at: now) }
        observer?.observe(.rejected(policy: rejection.policy, reason: rejection.reason))
        entry.onTurn(.reject(rejection))
    }

    /// Lets waiting calls in until a limit says no.
    ///
    /// One thread at a time; what happens meanwhile makes it go round again.
    private func serve(at now: PolicyInstant) {
        guard let queue, queue.beginServing() else { return }
        repeat {
            serving: while let next = queue.next(at: now) {
                let entry = next.entry
                if let rejection = next.rejection {
                    reject(entry, rejection, at: now)
                    continue
                }
                var held = entry.held
                if let rejection = pass(limits, entry.call, at: now, &held, keeping: entry.held.count) {
                    if rejection.reason.endsWithACall {
                        if queue.putBack(entry) { break serving }
                        withdraw(&held, keeping: 0, at: now)  // Abandoned meanwhile.
                    } else if queue.departed(entry, at: now) {
                        reject(entry, rejection, at: now)
                    } else {
                        withdraw(&held, keeping: 0, at: now)
                    }
                } else if queue.departed(entry, at: now) {
                    entry.onTurn(.admit(permit(held, at: now)))
                } else {
                    withdraw(&held, keeping: 0, at: now)
                }
            }
        } while queue.endServing()
    }
}
