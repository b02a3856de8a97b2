// SPDX-License-Identifier: Apache-2.0

/// A token bucket in one number: the instant at which it is full again.
///
/// The virtual-scheduling form of the generic cell rate algorithm (ITU-T I.371): `fullAt` lies `missing tokens x interval`
/// ahead of now. Whole nanoseconds, so tokens are exact, never negative and never above the burst.
struct TokenBucket: Hashable, Sendable {
    /// How fast a bucket fills, and how much it holds.
    struct Shape: Hashable, Sendable {
        /// Nanoseconds per token, at least 1.
        let interval: Int64
        /// Tokens that it holds, at least 1.
        let burst: Int64

        /// `perSecond` tokens a second, at most `burst` of them.
        init(perSecond: Double, burst: Int) {
            let rate = perSecond.isFinite && perSecond > 0 ? perSecond : 1e-6
            interval = max(1, Int64((1e9 / max(rate, 1e-6)).rounded()))
            // The whole bucket must be a time that 64 bits hold, with room to spare.
            self.burst = min(max(1, Int64(burst)), Int64.max / 4 / interval)
        }

        /// Nanoseconds that an empty bucket takes to fill.
        var depth: Int64 { interval * burst }
    }

    private(set) var fullAt: PolicyInstant

    /// A full bucket.
    init(fullAt now: PolicyInstant) {
        fullAt = now
    }

    /// Whether nothing is missing.
    func isFull(at now: PolicyInstant) -> Bool { fullAt <= now }

    /// Whole tokens that are there.
    func tokens(_ shape: Shape, at now: PolicyInstant) -> Int64 {
        (shape.depth - min(shape.depth, fullAt.nanoseconds(since: now))) / shape.interval
    }

    /// Takes `count` tokens (1 to the burst), or says how many nanoseconds are missing.
    mutating func take(_ count: Int64, _ shape: Shape, at now: PolicyInstant) -> Int64? {
        let cost = shape.interval * min(count, shape.burst)
        let next = max(fullAt, now).advanced(byNanoseconds: cost)
        let missing = next.nanoseconds(since: now) - shape.depth
        guard missing <= 0 else { return missing }
        fullAt = next
        return nil
    }

    /// Gives `count` tokens back; what is more than the burst is lost.
    mutating func giveBack(_ count: Int64, _ shape: Shape) {
        fullAt = fullAt.advanced(byNanoseconds: -shape.interval * min(count, shape.burst))
    }
}
