// SPDX-License-Identifier: Apache-2.0

/// How often a peer may reset streams: so many at once, and so many per second after that (CVE-2023-44487).
///
/// The library has such a limit too, by the machine's clock in whole seconds, and says INTERNAL_ERROR; it only stands behind
/// this one.
struct ResetLimit {
    /// Nanoseconds after which another reset is allowed.
    private let interval: Int64
    /// How far ``usedUntil`` may be ahead of the time.
    private let allowance: Int64
    /// When all resets so far would have been allowed one by one.
    private var usedUntil = MonotonicInstant(nanoseconds: .min)

    /// Makes a limit that is unused.
    init(burst: Int, perSecond: Int) {
        interval = 1_000_000_000 / Int64(max(1, perSecond))
        let (product, overflow) = interval.multipliedReportingOverflow(by: Int64(max(1, burst)))
        allowance = overflow ? .max : product
    }

    /// Counts a reset; returns whether it was within the limit.
    mutating func take(at now: MonotonicInstant) -> Bool {
        usedUntil = max(usedUntil, now).advanced(byNanoseconds: interval)
        return usedUntil.nanoseconds(since: now) <= allowance
    }
}
