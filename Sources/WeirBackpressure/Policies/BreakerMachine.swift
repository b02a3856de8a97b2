// SPDX-License-Identifier: Apache-2.0

/// What a breaker does with the next call.
public enum BreakerState: Hashable, Sendable {
    /// Lets it through; failures are counted.
    case closed
    /// Turns it away.
    case open
    /// Lets a few through to see whether they succeed.
    case halfOpen
}

/// When a breaker opens and closes.
///
///     closed --- `threshold` failures in a row ---> open --- the reset time ---> half-open
///       ^                                            ^                              |
///       |                                            +------ a probe failed --------+
///       +---------------------- `successes` probes succeeded -----------------------+
///
/// Each change of state begins a new *term*, and what is reported for an earlier term changes nothing: a call that was let
/// in before the breaker opened must not close it, nor open it again after it closed.
struct BreakerMachine: Sendable {
    enum Answer: Hashable {
        case granted(term: Int64)
        case rejected(retryAfter: Int64)
    }

    let threshold: Int
    let probes: Int
    let successes: Int
    private let reset: Int64
    private let maximumReset: Int64

    private(set) var state = BreakerState.closed
    private(set) var term: Int64 = 0
    private var failures = 0
    private var probesLeft = 0
    private var probesSucceeded = 0
    private var openUntil = PolicyInstant(nanoseconds: .min)
    /// The next time that it stays open, doubled by each failed probe.
    private var nextReset: Int64

    init(threshold: Int, reset: Duration, maximumReset: Duration, probes: Int, successes: Int) {
        self.threshold = max(1, threshold)
        self.probes = max(1, probes)
        self.successes = min(max(1, successes), self.probes)
        self.reset = max(1, reset.clampedNanoseconds)
        self.maximumReset = max(self.reset, maximumReset.clampedNanoseconds)
        nextReset = self.reset
    }

    mutating func admit(at now: PolicyInstant) -> Answer {
        if state == .open, now >= openUntil { enter(.halfOpen) }
        switch state {
        case .closed:
            return .granted(term: term)
        case .open:
            return .rejected(retryAfter: openUntil.nanoseconds(since: now))
        case .halfOpen:
            guard probesLeft > 0 else { return .rejected(retryAfter: reset) }
            probesLeft -= 1
            return .granted(term: term)
        }
    }

    mutating func ended(term: Int64, as outcome: CallOutcome, at now: PolicyInstant) {
        guard term == self.term else { return }
        switch state {
        case .closed:
            switch outcome {
            case .succeeded: failures = 0
            case .failed:
                failures += 1
                if failures >= threshold { open(at: now) }
            case .ignored: break
            }
        case .open:
            break
        case .halfOpen:
            switch outcome {
            case .succeeded:
                probesSucceeded += 1
                if probesSucceeded >= successes {
                    nextReset = reset
                    enter(.closed)
                }
            case .failed:
                open(at: now)
            case .ignored:
                probesLeft += 1  // It proved nothing; another may try.
            }
        }
    }

    private mutating func open(at now: PolicyInstant) {
        enter(.open)
        openUntil = now.advanced(byNanoseconds: nextReset)
        nextReset = nextReset > maximumReset / 2 ? maximumReset : nextReset * 2
    }

    private mutating func enter(_ next: BreakerState) {
        state = next
        term += 1
        failures = 0
        probesLeft = next == .halfOpen ? probes : 0
        probesSucceeded = 0
    }
}
