// SPDX-License-Identifier: Apache-2.0

/// One of a timeline's small multiples: some series of the same unit over the shared time axis.
struct PlotPanel: Sendable {
    /// A line of the panel.
    struct Series: Sendable {
        /// What it is called beside its line.
        var label: String
        /// Which colour and dash pattern it has, from 0.
        var style: Int
        /// Its points, in order of time.
        var points: [PlotPoint]
        /// What stands beside it while no moment is read: its highest value, or the like.
        var summary: String
    }

    /// A value that is the same all the time, for comparison.
    struct Rule: Sendable {
        var value: Double
        var label: String
    }

    /// How a panel's lines are drawn.
    enum Form: Sendable {
        /// A line over a filled area.
        case area
        /// A line.
        case line
        /// A line that keeps each value until the next.
        case steps
        /// A thin line with a dot for each value, for values that come now and then.
        case dots
    }

    var title: String
    var unit: FigureText.Unit
    var scale: PlotScale
    var form: Form
    /// The plot's height, in CSS pixels.
    var height: Int
    var series: [Series]
    var rule: Rule?

    /// What the panel shows, for those who do not see it.
    func summary(from: Double, to: Double) -> String {
        let lines = series.map { series -> String in
            guard let low = series.points.min(by: { $0.value < $1.value }), let last = series.points.last,
                let high = series.points.max(by: { $0.value < $1.value })
            else { return "\(series.label): no values" }
            let texts = [low, high].map { "\(FigureText.text($0.value, unit)) at \(FigureText.seconds($0.time))" }
            return "\(series.label): lowest \(texts[0]), highest \(texts[1]), at the end "
                + FigureText.text(last.value, unit)
        }
        let span = "from \(FigureText.seconds(from)) to \(FigureText.seconds(to))"
        return "\(title) \(span). " + lines.joined(separator: ". ") + "."
    }
}
