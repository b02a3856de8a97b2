// SPDX-License-Identifier: Apache-2.0

/// Lowers the limit while 99 calls of 100 take longer than the objective, and raises it while they take less than half.
///
/// The plainest rule, for a service whose latency objective (SLO) is written down: `p99 > objective`, down by a tenth;
/// `p99 < objective / 2` and the limit in use, up by one. Between the two it rests.
public struct ObjectiveLimit: LimitAlgorithm {
    /// What 99 calls of 100 are to stay below.
    public let objective: Duration
    /// The limit never falls below.
    public let minimum: Int
    /// The limit never rises above.
    public let maximum: Int
    /// What is left of the limit after a window above the objective, from 0.5 to 1.
    public let backoff: Double

    /// Calls that may run at a time.
    public private(set) var limit: Int

    /// A limit for an objective.
    public init(
        p99 objective: Duration, initial: Int = 20, minimum: Int = 1, maximum: Int = 1000, backoff: Double = 0.9
    ) {
        self.objective = objective
        self.minimum = max(1, minimum)
        self.maximum = max(self.minimum, maximum)
        self.backoff = min(max(0.5, backoff), 1)
        limit = min(max(self.minimum, initial), self.maximum)
    }

    /// Learns from a window; one without a success teaches nothing.
    public mutating func update(_ window: LatencyWindow) {
        guard window.samples > 0 else { return }
        let objective = objective.clampedNanoseconds
        var next = limit
        if window.p99Nanoseconds > objective {
            next = min(limit - 1, Int(Double(limit) * backoff))
        } else if window.p99Nanoseconds < objective / 2, window.peakInFlight >= limit - limit / 2 {
            next = limit + 1
        }
        limit = min(max(minimum, next), maximum)
    }
}
