// SPDX-License-Identifier: Apache-2.0

/// A small line chart as SVG: one line per strategy over the loads.
struct Plot {
    var title: String
    var unit: String
    var isLogarithmic = false
    /// A horizontal line worth seeing, such as a bound.
    var mark: Double?
    var lines: [(name: String, points: [(load: Double, value: Double)])]

    private static let (width, height) = (460.0, 260.0)
    private static let (left, right, top, bottom) = (52.0, 12.0, 12.0, 30.0)

    /// Colours that stay apart in print and for most eyes; the first two are for "none" and "default".
    static let colours = [
        "#c0392b", "#1f6fb2", "#e08e0b", "#2a9d5c", "#8e44ad", "#16a2a2", "#7f6a4f", "#d35400", "#5b6abf", "#a8336e",
        "#4d7c0f", "#475569", "#0e7490",
    ]

    var svg: String {
        let values = lines.flatMap { $0.points.map(\.value) } + [mark ?? 0]
        let highest = max(values.max() ?? 1, isLogarithmic ? 10 : 0.1)
        let lowest = isLogarithmic ? max(0.1, (values.filter { $0 > 0 }.min() ?? 1) / 1.2) : 0
        let loads = lines.first?.points.map(\.load) ?? []
        let (first, last) = (loads.min() ?? 0, loads.max() ?? 1)
        let x = { (load: Double) in
            Self.left + (load - first) / max(0.001, last - first) * (Self.width - Self.left - Self.right)
        }
        let y = { (value: Double) -> Double in
            let part =
                isLogarithmic
                ? (Self.log(max(value, lowest)) - Self.log(lowest))
                    / max(0.001, Self.log(highest * 1.1) - Self.log(lowest))
                : value / (highest * 1.08)
            return Self.height - Self.bottom - part * (Self.height - Self.top - Self.bottom)
        }
        var parts = [
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(title)\">"
        ]
        for tick in ticks(lowest, highest) {
            let at = y(tick)
            parts.append(
                "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(at)\" y2=\"\(at)\"/>"
                    + "<text class=\"tick\" x=\"\(Self.left - 6)\" y=\"\(at + 4)\" text-anchor=\"end\">\(Self.label(tick))</text>"
            )
        }
        for load in loads {
            parts.append(
                "<text class=\"tick\" x=\"\(x(load))\" y=\"\(Self.height - 10)\" text-anchor=\"middle\">\(Self.label(load))x</text>"
            )
        }
        if let mark {
            parts.append(
                "<line class=\"mark\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(y(mark))\" y2=\"\(y(mark))\"/>"
            )
        }
        for (number, line) in lines.enumerated().reversed() {
            let colour = Self.colours[number % Self.colours.count]
            let points = line.points.map { "\(x($0.load)),\(y($0.value))" }.joined(separator: " ")
            parts.append(
                "<polyline class=\"line\" data-name=\"\(line.name)\" stroke=\"\(colour)\" stroke-width=\"\(number < 2 ? 3 : 1.6)\" points=\"\(points)\"><title>\(line.name)</title></polyline>"
            )
            for point in line.points {
                parts.append(
                    "<circle data-name=\"\(line.name)\" cx=\"\(x(point.load))\" cy=\"\(y(point.value))\" r=\"3\" fill=\"\(colour)\"><title>\(line.name), \(Self.label(point.load))x: \(Self.label(point.value)) \(unit)</title></circle>"
                )
            }
        }
        parts.append("</svg>")
        return
            "<figure><figcaption>\(title) <small>\(unit)\(isLogarithmic ? ", logarithmic" : "")</small></figcaption>\(parts.joined())</figure>"
    }

    private func ticks(_ lowest: Double, _ highest: Double) -> [Double] {
        guard !isLogarithmic else {
            var ticks: [Double] = []
            var tick = 0.1
            while tick <= highest * 1.1 {
                if tick >= lowest { ticks.append(tick) }
                tick *= 10
            }
            return ticks
        }
        // 1, 2, 5, 10 and so on, up to six of them.
        var step = 0.01
        for factor in repeatElement([2, 2.5, 2], count: 12).joined() where highest / step > 6 { step *= factor }
        return (0...6).map { Double($0) * step }.filter { $0 <= highest * 1.08 }
    }

    /// The logarithm to base 2, roughly: enough for a picture, without a mathematics library.
    private static func log(_ value: Double) -> Double {
        let exponent = Double(value.exponent)
        let mantissa = value.significand
        return exponent + (mantissa - 1) * (1 - 0.34 * (mantissa - 2))
    }

    static func label(_ value: Double) -> String {
        if value >= 1_000_000 { return "\(Table.decimal(value / 1_000_000, 1))M" }
        if value >= 10_000 { return "\(Int((value / 1_000).rounded()))k" }
        if value == value.rounded() { return "\(Int(value))" }
        return Table.decimal(value, value < 10 ? 2 : 1)
    }
}
