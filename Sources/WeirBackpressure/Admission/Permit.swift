// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The right of one call to run: what all policies of a chain gave it.
///
/// It ends exactly once, in one of three ways, whoever says so first; what is said later changes nothing. A permit that is
/// let go without a word counts as ignored, so that no place is ever lost. All methods may be called from any thread.
public final class Permit: Sendable {
    /// When the call was let in.
    public let admittedAt: PolicyInstant

    private let chain: AdmissionChain
    /// What has not gone back yet; nil once the permit has ended.
    private let held: Mutex<[HeldGrant]?>

    init(_ held: [HeldGrant], of chain: AdmissionChain, at now: PolicyInstant) {
        admittedAt = now
        self.chain = chain
        self.held = Mutex(held)
    }

    deinit {
        if let held = held.withLock({ $0 }) { chain.ended(held, as: .ignored, admittedAt: admittedAt, at: nil) }
    }

    /// The call was answered.
    public func succeeded(at now: PolicyInstant) { end(as: .succeeded, at: now) }

    /// The call failed for a reason that says something about load or health.
    public func failed(at now: PolicyInstant) { end(as: .failed, at: now) }

    /// The call was cancelled, or nothing can be learnt from it.
    public func ignored(at now: PolicyInstant) { end(as: .ignored, at: now) }

    /// The call was turned away elsewhere and never ran: all that it was given goes back, tokens included.
    public func withdrawn(at now: PolicyInstant) {
        let held = held.withLock { held -> [HeldGrant]? in
            defer { held = nil }
            return held
        }
        if let held { chain.withdrawn(held, at: now) }
    }

    /// The call ended in one of the three ways.
    public func end(as outcome: CallOutcome, at now: PolicyInstant) {
        let ended = held.withLock { held -> [HeldGrant]? in
            let mine = held
            held = nil
            return mine
        }
        if let ended { chain.ended(ended, as: outcome, admittedAt: admittedAt, at: now) }
    }

    /// The first bytes of the response went out; of meaning for streams only, and only once.
    ///
    /// Should the call end on another thread at the same moment, its end may count as ignored.
    public func responseStarted(at now: PolicyInstant) {
        // Taken out first and told afterwards: no policy is called under the lock, and none hears of it twice.
        let streaming = held.withLock { held -> [HeldGrant] in
            guard var all = held, all.contains(where: { $0.grant.isStreaming }) else { return [] }
            let streaming = all
            all.removeAll(keepingCapacity: true)
            held = all
            return streaming
        }
        guard !streaming.isEmpty else { return }
        let left = streaming.filter { !$0.policy.responseStarted($0.grant, at: now) }
        let hasEnded = held.withLock { held -> Bool in
            guard held != nil else { return true }
            held = left
            return false
        }
        if hasEnded { chain.returned(left, as: .ignored, at: now) }
        chain.roomWasMade(at: now)
    }
}
