// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Turns away the calls that matter least while a load signal is high.
public final class LoadShedding: AdmissionPolicy {
    /// Which calls are shed at which load.
    public enum Rule: Hashable, Sendable {
        /// Above `low` calls of low priority are shed, above `critical` all that are not critical.
        case thresholds(low: Double, critical: Double)
        /// From `start` on a growing part of the calls is shed, all but critical ones at `end`.
        ///
        /// Which calls make up that part is read off the priorities that came in lately (Uber, "Cinnamon"): the lowest
        /// first, and of the class in which the part ends as many as it takes, evenly spread.
        case smooth(start: Double, end: Double)

        /// 70 % and 90 %.
        public static var thresholds: Rule { .thresholds(low: 0.7, critical: 0.9) }
        /// From 70 % to 100 %.
        public static var smooth: Rule { .smooth(start: 0.7, end: 1) }
    }

    /// The name in rejections and events.
    public let name: String
    /// Which calls are shed at which load.
    public let rule: Rule

    private let signal: any LoadSignal
    private let retryAfter: Duration
    private let state: Mutex<PriorityMix>

    /// Sheds by a signal.
    ///
    /// `period` is how far back the mix of priorities reaches, and what a caller is told to wait: the signal is another
    /// by then.
    public init(
        by signal: any LoadSignal, rule: Rule = .thresholds, period: Duration = .seconds(1), name: String = "shedding"
    ) {
        self.signal = signal
        self.rule = rule
        self.name = name
        retryAfter = max(.milliseconds(10), period)
        state = Mutex(PriorityMix(periodNanoseconds: retryAfter.clampedNanoseconds))
    }

    /// Lets the call in unless its priority is too low for the load.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        let load = signal.load(at: now)
        let isShed =
            switch rule {
            case .thresholds(let low, let critical):
                load > critical ? call.priority < .critical : load > low && call.priority == .low
            case .smooth(let start, let end):
                state.withLock { mix in
                    mix.arrived(call.priority, at: now)
                    return mix.isShed(call.priority, part: Self.part(of: load, from: start, to: end))
                }
            }
        guard isShed else { return .granted(Grant(for: call, at: now)) }
        return .rejected(Rejection(.priority, policy: name, retryAfter: .after(retryAfter)))
    }

    /// Holds nothing.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {}

    /// The part of the calls to shed, from 0 to 1.
    static func part(of load: Double, from start: Double, to end: Double) -> Double {
        guard load > start else { return 0 }
        guard end > start else { return 1 }
        return min(1, (load - start) / (end - start))
    }
}
