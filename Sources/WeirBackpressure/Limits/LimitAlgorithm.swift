// SPDX-License-Identifier: Apache-2.0

/// Computes how many calls may run at a time from how the ones before went.
///
/// A value without lock, clock or randomness; ``AdaptiveLimit`` enforces what it says. It sees windows, not calls, and never
/// a cancelled call.
public protocol LimitAlgorithm: Sendable {
    /// Calls that may run at a time now, at least 1.
    var limit: Int { get }

    /// Learns from a window.
    mutating func update(_ window: LatencyWindow)
}

/// What the calls of one window took.
public struct LatencyWindow: Hashable, Sendable {
    /// Calls that succeeded: what the latencies are of.
    public var samples: Int
    /// Calls that failed.
    public var failures: Int
    /// The shortest latency, in nanoseconds.
    public var minimumNanoseconds: Int64
    /// The mean latency, in nanoseconds.
    public var meanNanoseconds: Int64
    /// The latency that nine calls of ten stayed below, in nanoseconds.
    public var p90Nanoseconds: Int64
    /// The latency that 99 calls of 100 stayed below, in nanoseconds.
    public var p99Nanoseconds: Int64
    /// Calls that ran at the same time at most.
    public var peakInFlight: Int
    /// Whether a call was kept out by the limit.
    public var wasLimited: Bool

    /// A window.
    public init(
        samples: Int, failures: Int = 0, minimumNanoseconds: Int64, meanNanoseconds: Int64, p90Nanoseconds: Int64,
        p99Nanoseconds: Int64, peakInFlight: Int, wasLimited: Bool = false
    ) {
        self.samples = samples
        self.failures = failures
        self.minimumNanoseconds = minimumNanoseconds
        self.meanNanoseconds = meanNanoseconds
        self.p90Nanoseconds = p90Nanoseconds
        self.p99Nanoseconds = p99Nanoseconds
        self.peakInFlight = peakInFlight
        self.wasLimited = wasLimited
    }

    /// A window in which every call took the same.
    public init(latency: Duration, peakInFlight: Int, samples: Int = 10, failures: Int = 0, wasLimited: Bool = false) {
        let nanoseconds = latency.clampedNanoseconds
        self.init(
            samples: samples, failures: failures, minimumNanoseconds: nanoseconds, meanNanoseconds: nanoseconds,
            p90Nanoseconds: nanoseconds, p99Nanoseconds: nanoseconds, peakInFlight: peakInFlight, wasLimited: wasLimited
        )
    }
}
