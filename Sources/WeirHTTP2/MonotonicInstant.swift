// SPDX-License-Identifier: Apache-2.0

/// A point on a monotonic clock that somebody else reads.
///
/// The protocol core never asks for the time: the driver passes `now`, a test passes whatever it likes. The origin has
/// no meaning; only differences do. Arithmetic saturates, because durations come from configuration and from the wire.
package struct MonotonicInstant: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary origin.
    package var nanoseconds: Int64

    /// An instant that is never reached.
    package static let distantFuture = MonotonicInstant(nanoseconds: .max)

    /// Makes an instant from nanoseconds since the clock's origin.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    @inlinable
    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `duration` later; saturates at ``distantFuture``.
    package static func + (instant: MonotonicInstant, duration: Duration) -> MonotonicInstant {
        instant.advanced(byNanoseconds: duration.saturatedNanoseconds)
    }

    /// The instant `delta` nanoseconds later; saturates at both ends.
    @inlinable
    package func advanced(byNanoseconds delta: Int64) -> MonotonicInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
        if overflow { return MonotonicInstant(nanoseconds: delta > 0 ? .max : .min) }
        return MonotonicInstant(nanoseconds: sum)
    }

    /// Nanoseconds from `earlier` to this instant, never negative.
    @inlinable
    package func nanoseconds(since earlier: MonotonicInstant) -> Int64 {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        if overflow { return nanoseconds > earlier.nanoseconds ? .max : 0 }
        return max(0, difference)
    }
}

extension Duration {
    /// This duration in nanoseconds, saturated to what 64 bits hold (about 292 years).
    package var saturatedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds > 0 ? .max : .min }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        if sumOverflow { return seconds > 0 ? .max : .min }
        return sum
    }
}
