// SPDX-License-Identifier: Apache-2.0

/// Parts and multiples of times, as thresholds are written.
extension Duration {
    /// A part of a time.
    static func * (time: Duration, part: Double) -> Duration { .seconds(time / .seconds(1) * part) }

    /// So many times a time.
    static func * (count: Int, time: Duration) -> Duration { time * count }
}
