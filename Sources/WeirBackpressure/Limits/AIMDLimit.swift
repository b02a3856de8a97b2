// SPDX-License-Identifier: Apache-2.0

/// One more after a good window, a tenth less after a bad one: additive increase, multiplicative decrease.
///
/// A window is bad when a call failed in it or nine of ten took longer than ``timeout``. One that used less than half of
/// the limit does not raise it.
public struct AIMDLimit: LimitAlgorithm {
    /// The limit never falls below.
    public let minimum: Int
    /// The limit never rises above.
    public let maximum: Int
    /// What is left of the limit after a bad window, from 0.5 to 1.
    public let backoff: Double
    /// A latency that is taken for a failure.
    public let timeout: Duration

    /// Calls that may run at a time.
    public private(set) var limit: Int

    /// The published defaults: from 20 to 200, a tenth less, 5 s.
    public init(
        initial: Int = 20, minimum: Int = 20, maximum: Int = 200, backoff: Double = 0.9, timeout: Duration = .seconds(5)
    ) {
        self.minimum = max(1, minimum)
        self.maximum = max(self.minimum, maximum)
        self.backoff = min(max(0.5, backoff), 1)
        self.timeout = timeout
        limit = min(max(self.minimum, initial), self.maximum)
    }

    /// Learns from a window.
    public mutating func update(_ window: LatencyWindow) {
        var next = limit
        if window.failures > 0 || window.p90Nanoseconds > timeout.clampedNanoseconds {
            next = Int(Double(limit) * backoff)
        } else if window.peakInFlight >= limit - limit / 2 {
            next = limit + 1
        }
        limit = min(max(minimum, next), maximum)
    }
}
