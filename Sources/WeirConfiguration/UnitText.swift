// SPDX-License-Identifier: Apache-2.0

/// Durations and sizes as people write them, on a command line, in the environment or in a file.
package enum UnitText {
    private static let durations: [(suffix: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ]
    private static let sizes: [(suffix: String, bytes: Int64)] = [
        ("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// How a duration is written, for messages.
    package static let durationForm = "write it as 250ms, 30s, 5m or 1h"
    /// How a size is written, for messages.
    package static let sizeForm = "write it as 65536, 64KiB or 4MiB"

    /// Reads `250ms`, `30s`, `1.5m` or `2h`; nil when it is none of these, or longer than 292 years.
    package static func duration(_ text: String) -> Duration? {
        guard let (digits, suffix) = split(text), let unit = durations.first(where: { $0.suffix == suffix }),
            let nanoseconds = product(digits, unit.nanoseconds)
        else { return nil }
        return .nanoseconds(nanoseconds)
    }

    /// Reads `65536`, `64KiB`, `1.5MiB` or `1GiB`; nil when it is none of these, or no whole number of bytes.
    package static func bytes(_ text: String) -> Int? {
        guard let (digits, suffix) = split(text), let unit = sizes.first(where: { $0.suffix == suffix }) else {
            return nil
        }
        return product(digits, unit.bytes).flatMap { Int(exactly: $0) }
    }

    /// A duration in the largest unit that leaves a whole number; a minute and a half stays `90s`.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds == 0 {
            if seconds != 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
            return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
        }
        let nanoseconds = duration / .nanoseconds(1)
        for (suffix, unit) in [("ms", 1e6), ("us", 1e3)] where (nanoseconds / unit).rounded() == nanoseconds / unit {
            return "\(Int64(nanoseconds / unit))\(suffix)"
        }
        return "\(Int64(nanoseconds))ns"
    }

    /// A size in the largest unit that leaves a whole number.
    package static func text(bytes: Int) -> String {
        for (suffix, unit) in sizes.reversed() where unit > 1 && bytes != 0 && Int64(bytes) % unit == 0 {
            return "\(Int64(bytes) / unit)\(suffix)"
        }
        return "\(bytes)"
    }

    /// The number in front and the unit behind it.
    private static func split(_ text: String) -> (digits: Substring, suffix: Substring)? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard !digits.isEmpty, digits.first != ".", digits.last != "." else { return nil }
        return (digits, text.dropFirst(digits.count))
    }

    /// A decimal number of units, exactly; nil when that is no whole number, or too large.
    private static func product(_ digits: Substring, _ unit: Int64) -> Int64? {
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int64(parts[0]) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product }
        // The digits behind the point, as a number of tenths, hundredths and so on of the unit.
        guard parts[1].count <= 18, let fraction = Int64(parts[1]) else { return nil }
        let scale = parts[1].reduce(Int64(1)) { scale, _ in scale * 10 }
        let (quotient, remainder) = scale.dividingFullWidth(fraction.multipliedFullWidth(by: unit))
        guard remainder == 0 else { return nil }
        let (sum, isTooLarge) = product.addingReportingOverflow(quotient)
        return isTooLarge ? nil : sum
    }
}
