// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How values become heights, and which of them are written beside the axis.
struct PlotScale: Sendable, Equatable {
    /// The form of the axis.
    enum Form: Sendable, Equatable {
        case linear
        /// Decades; values at or below the lowest are drawn at the bottom.
        case logarithmic
        /// Linear around zero and logarithmic beyond this value, on both sides.
        case symmetric(Double)
    }

    /// The form.
    let form: Form
    /// The value at the bottom.
    let low: Double
    /// The value at the top; above the bottom.
    let high: Double
    /// The values that have a line and a label.
    let ticks: [Double]

    /// A scale from zero, or from the lowest value if that is below, to a round number above the highest.
    static func linear(_ values: [Double], unit: FigureText.Unit, ticks wanted: Int = 3) -> PlotScale {
        let least = min(values.min() ?? 0, 0)
        let most = max(values.max() ?? 0, 0)
        let span = max(most - least, smallestSpan(unit))
        let step = roundStep(span / Double(max(wanted, 1)), unit: unit)
        let low = (least / step).rounded(.down) * step
        let high = max((most / step).rounded(.up), (low / step).rounded() + 1) * step
        return PlotScale(form: .linear, low: low, high: high, ticks: multiples(of: step, from: low, through: high))
    }

    /// Decades around positive values.
    static func logarithmic(_ values: [Double], least: Double) -> PlotScale {
        let values = values.map { max($0, least) }
        let low = exponent(values.min() ?? least).rounded(.down)
        let high = max(exponent(values.max() ?? least).rounded(.up), low + 1)
        let step = max(1, ((high - low) / 4).rounded(.up))
        let ticks = stride(from: low, through: high, by: step).map(power)
        return PlotScale(form: .logarithmic, low: power(low), high: power(high), ticks: ticks)
    }

    /// Around zero for values of very different sizes; the threshold and each 32 times the one before have lines.
    static func symmetric(_ values: [Double], threshold: Double) -> PlotScale {
        let most = max(values.max() ?? 0, threshold)
        let least = min(values.min() ?? 0, 0)
        var ticks: [Double] = [0]
        var tick = threshold
        // Up to the first line that is no lower than the highest value, and the same below zero.
        repeat {
            ticks.append(tick)
            tick *= 32
        } while tick / 32 < most
        tick = threshold
        while ticks[0] > least {
            ticks.insert(-tick, at: 0)
            tick *= 32
        }
        let scale = PlotScale(form: .symmetric(threshold), low: ticks[0], high: ticks[ticks.count - 1], ticks: ticks)
        return scale.thinned()
    }

    /// Where a value is: 0 at the bottom, 1 at the top; never outside.
    func height(_ value: Double) -> Double {
        let bottom = transformed(low)
        let span = transformed(high) - bottom
        guard span > 0 else { return 0 }
        let height = (transformed(value) - bottom) / span
        return height.isNaN ? 0 : min(max(height, 0), 1)
    }

    private func transformed(_ value: Double) -> Double {
        switch form {
        case .linear: return value
        case .logarithmic: return PlotScale.exponent(max(value, low))
        case .symmetric(let threshold):
            let size = value.magnitude / threshold
            let amount = size <= 1 ? size : 1 + PlotScale.exponent(size) / PlotScale.exponent(4)
            return value < 0 ? -amount : amount
        }
    }

    /// Leaves out lines that would come closer than a seventh of the height to another; zero stays.
    private func thinned() -> PlotScale {
        var kept: [Double] = [0]
        for tick in ticks.sorted(by: { $0.magnitude > $1.magnitude })
        where kept.allSatisfy({ (height($0) - height(tick)).magnitude > 1.0 / 7 }) {
            kept.append(tick)
        }
        return PlotScale(form: form, low: low, high: high, ticks: kept.sorted())
    }

    /// The step of 1, 2 or 5 times a power of ten, or of a power of two for bytes, that is no smaller than this.
    static func roundStep(_ step: Double, unit: FigureText.Unit) -> Double {
        guard step.isFinite, step > 0 else { return 1 }
        if unit == .bytes || unit == .bytesPerSecond {
            var result = 1.0
            while result < step { result *= 2 }
            return result
        }
        let base = power(exponent(step).rounded(.down))
        let factors: [Double] = [1, 2, 5, 10]
        let result = (factors.first { base * $0 >= step * 0.999_999 } ?? 10) * base
        return unit == .count ? max(1, result) : result
    }

    /// Multiples of a step; the last ones first left out when a step is too small for its numbers.
    static func multiples(of step: Double, from low: Double, through high: Double) -> [Double] {
        guard step > 0, low.isFinite, high.isFinite else { return [] }
        let first = (low / step).rounded(.up)
        let count = (high / step + 1e-9).rounded(.down) - first
        guard count >= 0, count <= 20 else { return [low, high] }
        return (0...Int(count)).map { (first + Double($0)) * step }
    }

    private static func smallestSpan(_ unit: FigureText.Unit) -> Double {
        switch unit {
        case .bytes, .bytesPerSecond: 1024
        case .seconds, .ratio, .plain, .perSecond: 0.001
        case .count, .percent: 1
        }
    }

    /// The decimal logarithm; 0 for what has none.
    private static func exponent(_ value: Double) -> Double {
        value.isFinite && value > 0 ? log10(value) : 0
    }

    /// Ten to a whole power, no further than 300 either way.
    private static func power(_ exponent: Double) -> Double {
        guard exponent.isFinite else { return 1 }
        var result = 1.0
        for _ in 0..<Int(min(exponent.magnitude, 300)) { result *= 10 }
        return exponent < 0 ? 1 / result : result
    }
}
