// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// At most so many calls at a time; one more is turned away.
///
/// For a resource whose capacity is known, such as a pool of connections. Where it is not, use ``AdaptiveLimit``.
public final class ConcurrencyLimit: AdmissionPolicy, LoadSignal {
    private struct State {
        var inUse = 0
        var holding = HoldingTime()
    }

    /// The name in rejections and events.
    public let name: String
    /// Calls that may run at a time, at least 1.
    public let maximum: Int

    private let state = Mutex(State())

    /// A limit of `maximum` calls.
    public init(_ maximum: Int, name: String = "concurrency") {
        self.maximum = max(1, maximum)
        self.name = name
    }

    /// Calls that run now.
    public var inUse: Int { state.withLock { $0.inUse } }

    /// The part of the places that is in use.
    public func load(at now: PolicyInstant) -> Double { Double(inUse) / Double(maximum) }

    /// Lets the call in while there is a place; else it may come back after the mean time that calls take.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        let retryAfter = state.withLock { state -> Duration? in
            guard state.inUse < maximum else { return state.holding.retryAfter }
            state.inUse += 1
            return nil
        }
        guard let retryAfter else { return .granted(Grant(for: call, at: now)) }
        return .rejected(Rejection(.concurrency, policy: name, retryAfter: .after(retryAfter)))
    }

    /// The place is free again.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {
        state.withLock { state in
            state.inUse = max(0, state.inUse - 1)
            if outcome != .ignored { state.holding.record(nanoseconds: now.nanoseconds(since: grant.startedAt)) }
        }
    }
}
