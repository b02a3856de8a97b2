// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// At most so many calls per second for each caller, with a burst: a token bucket per caller.
///
/// A caller over its rate gets RESOURCE_EXHAUSTED and the time at which its bucket holds the call's cost again. The table
/// of callers is bounded; a full one counts new callers together and never forgets a bucket that is in use.
public final class RateLimit: AdmissionPolicy {
    /// The name in rejections and events.
    public let name: String
    /// Whom calls are counted for.
    public let key: CallerKey
    /// Callers that are remembered at most.
    public let capacity: Int

    private let shape: TokenBucket.Shape
    private let observer: (any PolicyObserver)?
    private let state: Mutex<CallerTable>

    /// A rate for each caller.
    ///
    /// - Parameters:
    ///   - perSecond: calls per second in the long run.
    ///   - burst: calls at once after a pause; at least 1.
    ///   - key: whom a call is counted for.
    ///   - capacity: callers that are remembered; about 100 bytes for each.
    public init(
        perSecond: Double, burst: Int, by key: CallerKey = .peer, capacity: Int = 10_000, name: String = "rate",
        observer: (any PolicyObserver)? = nil
    ) {
        shape = TokenBucket.Shape(perSecond: perSecond, burst: burst)
        self.key = key
        self.name = name
        self.observer = observer
        let table = CallerTable(capacity: capacity)
        self.capacity = table.capacity
        state = Mutex(table)
    }

    /// Callers that are remembered now.
    public var callers: Int { state.withLock { $0.count } }

    /// Whole tokens that a caller has; nil when it is not remembered, which is as good as a full bucket.
    public func tokens(of caller: String, at now: PolicyInstant) -> Int? {
        state.withLock { $0.tokens(of: caller, shape, at: now).map { Int($0) } }
    }

    /// Takes the call's cost out of its caller's bucket, or says when it will be there.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        let cost = Int64(max(0, call.cost))
        guard cost <= shape.burst else {
            return .rejected(Rejection(.costAboveBurst, policy: name, retryAfter: .never))
        }
        let caller = key.value(of: call)
        let (place, missing) = state.withLock { table in
            let place = table.place(of: caller, at: now)
            return (place, table.take(cost, from: place, shape, at: now))
        }
        if place == .shared { observer?.observe(.callerTableFull(policy: name)) }
        guard let missing else {
            var grant = Grant(for: call, at: now, tag: place.tag)
            grant.cost = cost
            return .granted(grant)
        }
        observer?.observe(.throttled(policy: name, caller: caller))
        return .rejected(Rejection(.rate, policy: name, retryAfter: .after(.nanoseconds(missing))))
    }

    /// What was spent stays spent.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {}

    /// A call that a later policy turned away costs nothing.
    public func withdraw(_ grant: Grant, at now: PolicyInstant) {
        state.withLock { $0.giveBack(grant.cost, to: CallerTable.Place(tag: grant.tag), shape) }
    }
}
