// SPDX-License-Identifier: Apache-2.0

/// Counts latencies in buckets that are 6 % wide or less, from 1 ns to 18 minutes; longer ones count as the longest.
///
/// A fixed 2.4 KB, an index computed from the number's leading bits, so that counting costs a few instructions on the path
/// of a call, and a quantile is one walk.
struct LatencyHistogram: Sendable {
    /// Each power of two is cut into so many buckets.
    private static let parts: UInt64 = 16
    private static let partBits = 4
    private static let octaves = 40

    private var counts = [UInt32](repeating: 0, count: (octaves - partBits + 1) * Int(parts))
    private(set) var total = 0

    mutating func record(_ nanoseconds: Int64) {
        counts[Self.index(of: nanoseconds)] &+= 1
        total += 1
    }

    mutating func removeAll() {
        for index in counts.indices { counts[index] = 0 }
        total = 0
    }

    /// The middle of the bucket in which the quantile lies; zero without latencies.
    func quantile(_ part: Double) -> Int64 {
        guard total > 0 else { return 0 }
        let rank = max(1, Int((part * Double(total)).rounded(.up)))
        var seen = 0
        for (index, count) in counts.enumerated() {
            seen += Int(count)
            if seen >= rank { return Self.middle(of: index) }
        }
        return Self.middle(of: counts.count - 1)
    }

    static func index(of nanoseconds: Int64) -> Int {
        let value = min(UInt64(max(0, nanoseconds)), (1 << UInt64(octaves)) - 1)
        guard value >= parts else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let part = (value >> UInt64(exponent - partBits)) & (parts - 1)
        return (exponent - partBits + 1) * Int(parts) + Int(part)
    }

    static func middle(of index: Int) -> Int64 {
        let group = index / Int(parts)
        let part = UInt64(index % Int(parts))
        guard group > 0 else { return Int64(part) }
        let shift = UInt64(group - 1)
        return Int64((parts + part) << shift) + (Int64(1) << Int64(shift)) / 2
    }
}
