// SPDX-License-Identifier: Apache-2.0

/// Numbers with their units as the reports write them: three significant digits, KiB and MiB, ms and s.
///
/// Any number has a text, infinite ones and those that no counter holds included.
enum FigureText {
    /// What a number counts.
    enum Unit: String, Sendable {
        case bytes, seconds, bytesPerSecond, perSecond, count, ratio, percent, plain
    }

    /// A number in this unit, such as `64 KiB`, `1.25 ms`, `×1.08` or `12,345`.
    static func text(_ value: Double, _ unit: Unit) -> String {
        guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
        switch unit {
        case .bytes: return scaled(value, byteUnits)
        case .bytesPerSecond: return scaled(value, byteUnits) + "/s"
        case .seconds: return scaled(value, secondUnits)
        case .perSecond: return significant(value) + "/s"
        case .count: return grouped(value)
        case .ratio: return "×" + significant(value)
        case .percent: return significant(value) + " %"
        case .plain: return significant(value)
        }
    }

    /// A number of bytes, such as `64 KiB`.
    static func bytes(_ value: Double) -> String { text(value, .bytes) }

    /// A time, such as `1.25 ms` or `60 s`.
    static func seconds(_ value: Double) -> String { text(value, .seconds) }

    /// A whole number with its thousands apart.
    static func count(_ value: Int) -> String { text(Double(value), .count) }

    /// Takes a figure's name apart: `endedAfterSeconds` is `Ended after`, in seconds.
    static func label(_ name: String) -> (words: String, unit: Unit) {
        for (suffix, unit) in suffixes {
            if name.hasSuffix(suffix) {
                // A number alone does not say that it counts, or is a ratio; `10 s` says that it is a time.
                let isNamed = unit == .count || unit == .ratio
                return (words(isNamed ? name : String(name.dropLast(suffix.count))), unit)
            }
            if name == suffix.prefix(1).lowercased() + suffix.dropFirst() { return (words(name), unit) }
        }
        return (words(name), .plain)
    }

    /// A figure's value as the reports write it.
    static func value(_ value: FigureValue, named name: String) -> String {
        switch value {
        case .number(let number): text(number, label(name).unit)
        case .text(let text): text
        }
    }

    /// A number with this many digits after the point, none of them a needless zero; never in exponents below 1e15.
    static func fixed(_ value: Double, digits: Int) -> String {
        guard value.isFinite else { return "0" }
        let scale = powersOfTen[min(max(digits, 0), powersOfTen.count - 1)]
        let whole = (value.magnitude * scale).rounded()
        // Beyond this a Double has no digits after the point, and soon none that an Int64 holds.
        guard whole < 9e15 else { return value.magnitude < 9e15 ? "\(Int64(value.rounded()))" : "\(value)" }
        let parts = Int64(whole).quotientAndRemainder(dividingBy: Int64(scale))
        var text = String(parts.quotient)
        if parts.remainder != 0 {
            let digitsAfter = String(parts.remainder)
            let zeros = String(repeating: "0", count: max(0, String(Int64(scale)).count - 1 - digitsAfter.count))
            var fraction = zeros + digitsAfter
            while fraction.last == "0" { fraction.removeLast() }
            text += "." + fraction
        }
        return value < 0 && whole != 0 ? "-" + text : text
    }

    private static let powersOfTen: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
    private static let suffixes: [(String, Unit)] = [
        ("BytesPerSecond", .bytesPerSecond), ("PerSecond", .perSecond), ("Seconds", .seconds), ("Bytes", .bytes),
        ("Count", .count), ("Ratio", .ratio), ("Percent", .percent), ("Text", .plain),
    ]
    private static let byteUnits: [(String, Double)] = [
        ("B", 1), ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
    ]
    private static let secondUnits: [(String, Double)] = [("ms", 0.001), ("s", 1)]

    /// Three significant digits in the largest unit that leaves at least 1, seen after rounding.
    private static func scaled(_ value: Double, _ units: [(name: String, size: Double)]) -> String {
        guard value != 0, let last = units.last else { return "0 " + (units.first?.name ?? "") }
        for (unit, next) in zip(units, units.dropFirst()) {
            let amount = value / unit.size
            // 999.6 ms would be written as 1,000 ms, 1,023.7 KiB as 1,024 KiB: the next unit's business.
            if amount.magnitude.rounded() < next.size / unit.size { return significant(amount) + " " + unit.name }
        }
        return significant(value / last.size) + " " + last.name
    }

    private static func significant(_ value: Double) -> String {
        switch value.magnitude {
        case ..<0.01: minus(fixed(value, digits: 4))
        case ..<0.1: minus(fixed(value, digits: 3))
        case ..<9.995: minus(fixed(value, digits: 2))
        case ..<99.95: minus(fixed(value, digits: 1))
        default: grouped(value)
        }
    }

    private static func grouped(_ value: Double) -> String {
        let text = fixed(value, digits: value.magnitude < 1e15 && value.rounded() != value ? 0 : 2)
        guard !text.contains("e") else { return minus(text) }
        let digits = text.drop { $0 == "-" }
        var result = text.hasPrefix("-") ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
            result.append(digit)
        }
        return result
    }

    private static func minus(_ text: String) -> String { text.hasPrefix("-") ? "−" + text.dropFirst() : text }

    /// `memoryPerStream` in words: `Memory per stream`.
    private static func words(_ name: String) -> String {
        var result = ""
        for character in name {
            let last = result.last ?? " "
            if character.isUppercase, last.isLowercase || last.isNumber {
                result += " " + character.lowercased()
            } else if character.isNumber, last.isLowercase {
                result += " " + String(character)
            } else {
                result.append(character)
            }
        }
        return result.prefix(1).uppercased() + result.dropFirst()
    }
}
