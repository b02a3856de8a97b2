// SPDX-License-Identifier: Apache-2.0

/// A point on a monotonic clock that the caller reads.
///
/// No policy asks for the time: whoever asks a policy passes `now`, and a test passes whatever it likes. The origin has no
/// meaning, only differences do. All arithmetic saturates. Event loops read their clocks at slightly different moments, so
/// a policy takes a `now` before its last one for no time passed, never for a negative time.
public struct PolicyInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since the clock's origin.
    public var nanoseconds: Int64

    /// An instant that is never reached.
    public static let distantFuture = PolicyInstant(nanoseconds: .max)

    /// An instant from nanoseconds since the clock's origin.
    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// An instant so long after the clock's origin.
    public init(_ sinceOrigin: Duration) {
        self.init(nanoseconds: sinceOrigin.clampedNanoseconds)
    }

    /// Whether the left instant is before the right one.
    @inlinable
    public static func < (left: PolicyInstant, right: PolicyInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; saturates.
    public static func + (instant: PolicyInstant, duration: Duration) -> PolicyInstant {
        instant.advanced(byNanoseconds: duration.clampedNanoseconds)
    }

    /// How long this instant is after `earlier`; zero when it is not.
    public func duration(since earlier: PolicyInstant) -> Duration {
        .nanoseconds(nanoseconds(since: earlier))
    }

    /// The instant so many nanoseconds later; saturates at both ends.
    func advanced(byNanoseconds delta: Int64) -> PolicyInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        guard overflow else { return PolicyInstant(nanoseconds: sum) }
        return PolicyInstant(nanoseconds: delta > 0 ? .max : .min)
    }

    /// Nanoseconds from `earlier` to this instant, never negative.
    func nanoseconds(since earlier: PolicyInstant) -> Int64 {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        if overflow { return nanoseconds > earlier.nanoseconds ? .max : 0 }
        return max(0, difference)
    }
}

extension Duration {
    /// This duration in nanoseconds, saturated to what 64 bits hold (about 292 years).
    var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds > 0 ? .max : .min }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds > 0 ? .max : .min) : sum
    }
}
