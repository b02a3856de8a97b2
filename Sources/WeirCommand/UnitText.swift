// SPDX-License-Identifier: Apache-2.0

/// Durations and sizes as people write them on a command line.
enum UnitText {
    /// Reads `250ms`, `30s`, `1.5m` or `2h`; nil when it is none of these.
    static func duration(_ text: String) -> Duration? {
        let units: [(String, Double)] = [("ms", 0.001), ("us", 0.000_001), ("s", 1), ("m", 60), ("h", 3600)]
        guard let seconds = number(text, units) else { return nil }
        return .nanoseconds(Int64(seconds * 1e9))
    }

    /// Reads `65536`, `64KiB`, `4MiB` or `1GiB`; nil when it is none of these.
    static func bytes(_ text: String) -> Int? {
        let units: [(String, Double)] = [("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("B", 1), ("", 1)]
        guard let bytes = number(text, units), bytes == bytes.rounded() else { return nil }
        return Int(bytes)
    }

    private static func number(_ text: String, _ units: [(suffix: String, factor: Double)]) -> Double? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard !digits.isEmpty, digits.first != ".", digits.last != "." else { return nil }
        let suffix = text.dropFirst(digits.count)
        guard let unit = units.first(where: { $0.suffix == suffix }), let value = Double(digits) else { return nil }
        let product = value * unit.factor
        // Above this a Double no longer counts every nanosecond, and no deadline or buffer is meant.
        return product.isFinite && product < 9e9 ? product : nil
    }
}
