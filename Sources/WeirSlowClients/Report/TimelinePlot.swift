// SPDX-License-Identifier: Apache-2.0

/// Small multiples over one time axis, drawn as SVG; a script may add a read-out, nothing depends on it.
///
/// Plots are as wide as the page and labels keep their size: paths are drawn in a box that is stretched, all else is
/// placed by percentages. Each panel's lines also exist as JSON, for the read-out.
struct TimelinePlot: Sendable {
    /// Names the elements of this plot; unique in the page.
    var id: String
    /// What is plotted, for the figure's name.
    var name: String
    /// The ends of the time axis, in seconds.
    var from: Double
    var to: Double
    /// The rows of marks above the panels.
    var lanes: [PlotLane]
    /// The panels, from the top.
    var panels: [PlotPanel]

    /// Most series that have a colour and dash pattern of their own.
    static let mostStyles = 6

    /// The figure; nothing when there is nothing to draw.
    var markup: Markup {
        guard to > from, !panels.isEmpty else {
            return #"<p class="note">No samples were taken, so there is no plot.</p>"#
        }
        let rows = panels.enumerated().map { panelMarkup($1, index: $0) }
        return """
            <figure class="timeline" id="\(id)">
            <figcaption>\(name)<span class="moment" aria-hidden="true"></span></figcaption>
            <div class="panels">
            \(lanesMarkup)
            \(rows)
            <div class="axis-gap" aria-hidden="true"></div>
            <svg class="time-axis" height="22" width="100%" aria-hidden="true">\(timeLabels)</svg>
            </div>
            <script type="application/json" class="plot-data">\(Markup(json: data))</script>
            </figure>
            """
    }

    private var span: Double { to - from }

    /// Whether several servers share the panels: areas would hide each other.
    private var isOverlaid: Bool { lanes.count > 1 }

    /// Where a time is, in percent of the width.
    private func percent(_ time: Double) -> Markup {
        let fraction = (time - from) / span
        return Markup(text: FigureText.fixed(min(max(fraction.isFinite ? fraction : 0, 0), 1) * 100, digits: 2) + "%")
    }

    private func anchor(_ time: Double, edge: Double = 0.3) -> Markup {
        let fraction = (time - from) / span
        return fraction < edge ? "start" : fraction > 1 - edge ? "end" : "middle"
    }

    private var timeTicks: [Double] {
        let steps: [Double] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]
        let step = steps.first { span / $0 <= 6.5 } ?? PlotScale.roundStep(span / 6, unit: .seconds)
        return PlotScale.multiples(of: step, from: from, through: to)
    }

    private var timeLabels: [Markup] {
        timeTicks.map { tick in
            let text = FigureText.fixed(tick, digits: 2) + " s"
            return
                #"<text class="tick" x="\#(percent(tick))" y="15" text-anchor="\#(anchor(tick, edge: 0.04))">\#(text)</text>"#
        }
    }

    private var verticals: [Markup] {
        timeTicks.map { #"<line class="grid" x1="\#(percent($0))" x2="\#(percent($0))" y1="0" y2="100%"/>"# }
            + lanes.compactMap(\.deadline).prefix(1).map {
                #"<line class="deadline" x1="\#(percent($0))" x2="\#(percent($0))" y1="0" y2="100%"/>"#
            }
            + lanes.flatMap { lane in
                lane.ends.prefix(6).map {
                    #"<line class="end s\#(lane.style)" x1="\#(percent($0.time))" x2="\#(percent($0.time))" y1="0" y2="100%"/>"#
                }
            }
    }
}

// MARK: - Lanes

extension TimelinePlot {
    private var lanesMarkup: [Markup] {
        let deadline = lanes.compactMap(\.deadline).first
        let shown = lanes.filter { !$0.ends.isEmpty }
        guard deadline != nil || !shown.isEmpty else { return [] }
        var y = 2
        var drawn: [Markup] = []
        if let deadline {
            drawn.append(
                """
                <line class="deadline" x1="\(percent(deadline))" x2="\(percent(deadline))" y1="4" y2="100%"/>\
                <text class="mark deadline-text" x="\(percent(deadline))" y="12" dx="\(shift(deadline))" \
                text-anchor="\(anchor(deadline, edge: 0.5))">stall deadline</text>
                """)
            y += 16
        }
        for lane in shown {
            drawn += laneMarkup(lane, y: y + 8)
            y += 18
        }
        let words = laneSummary
        let name: Markup =
            shown.isEmpty
            ? .none : #"<text class="tick" x="56" y="\#(deadline == nil ? 14 : 30)" text-anchor="end">ends</text>"#
        return [
            """
            <svg class="y-axis" width="64" height="\(y + 2)" aria-hidden="true">\(name)</svg>
            <svg class="lane" width="100%" height="\(y + 2)" role="img" aria-labelledby="\(id)-lane-title" \
            aria-describedby="\(id)-lane-desc"><title id="\(id)-lane-title">Ends of calls</title>\
            <desc id="\(id)-lane-desc">\(words)</desc>\(drawn)</svg>
            """
        ]
    }

    private func laneMarkup(_ lane: PlotLane, y: Int) -> [Markup] {
        var marks: [Markup] = lane.ends.map { end in
            let title = "\(lane.prefix)\(end.text) at \(FigureText.seconds(end.time))"
            // A filled circle for trailers, a square for a reset, a ring for the rest.
            let shape: Markup =
                switch end.how {
                case .reset: #"<rect class="end-mark s\#(lane.style)" x="-4" y="-4" width="8" height="8">"#
                case .status: #"<circle class="end-mark s\#(lane.style)" r="4.5">"#
                default: #"<circle class="end-mark ring s\#(lane.style)" r="4">"#
                }
            let close: Markup = if case .reset = end.how { "</rect>" } else { "</circle>" }
            return """
                <svg x="\(percent(end.time))" y="\(y)" overflow="visible">\(shape)<title>\(title)</title>\(close)</svg>
                """
        }
        if let largest = lane.ends.max(by: { $0.calls < $1.calls }) {
            marks.append(
                """
                <text class="mark" x="\(percent(largest.time))" y="\(y + 4)" dx="\(shift(largest.time))" \
                text-anchor="\(anchor(largest.time, edge: 0.5))">\(lane.prefix)\(largest.text)</text>
                """)
        }
        return marks
    }

    /// Text stands to the right of its mark in the left half and to the left of it in the right one.
    private func shift(_ time: Double) -> Int { (time - from) / span < 0.5 ? 9 : -9 }

    private var laneSummary: String {
        lanes.map { lane in
            let ends = lane.ends.map { "\($0.text) at \(FigureText.seconds($0.time))" }
            let deadline = lane.deadline.map { ["stall deadline at " + FigureText.seconds($0)] } ?? []
            return lane.prefix + ((deadline + ends).isEmpty ? "no end seen" : (deadline + ends).joined(separator: ", "))
        }.joined(separator: ". ") + "."
    }
}

// MARK: - Panels

extension TimelinePlot {
    private func panelMarkup(_ panel: PlotPanel, index: Int) -> Markup {
        let height = Double(panel.height)
        func y(_ value: Double) -> Double { 5 + (1 - panel.scale.height(value)) * (height - 10) }
        let labels: [Markup] = panel.scale.ticks.map { tick in
            let text = FigureText.text(tick, panel.unit)
            return #"<text class="tick" x="56" y="\#(pixels(y(tick) + 4))" text-anchor="end">\#(text)</text>"#
        }
        let lines: [Markup] = panel.scale.ticks.map { tick in
            let zero: Markup = tick == 0 ? " zero" : ""
            return #"<line class="grid\#(zero)" x1="0" x2="100%" y1="\#(pixels(y(tick)))" y2="\#(pixels(y(tick)))"/>"#
        }
        let legend: [Markup] = panel.series.map { series in
            let value: Markup = #"<span class="value">\#(series.summary)</span>"#
            guard panel.series.count > 1 || series.style > 0 else { return #"<span class="key">\#(value)</span>"# }
            return """
                <span class="key"><svg class="swatch" width="22" height="10" aria-hidden="true"><line \
                class="line s\(series.style)" x1="1" x2="21" y1="5" y2="5"/></svg>\(series.label) \(value)</span>
                """
        }
        let paths = panel.series.map {
            seriesMarkup($0, panel.form, base: y(min(max(0, panel.scale.low), panel.scale.high)), y: y)
        }
        let rule: Markup =
            panel.rule.map { rule in
                let place = pixels(y(rule.value))
                return """
                    <line class="rule" x1="0" x2="100%" y1="\(place)" y2="\(place)"/><text class="tick rule-text" x="100%" \
                    dx="-4" y="\(pixels(max(y(rule.value) - 4, 10)))" text-anchor="end">\(rule.label)</text>
                    """
            } ?? .none
        return """
            <div class="panel-head"><span class="panel-title">\(panel.title)</span>\(legend)</div>
            <svg class="y-axis" width="64" height="\(panel.height)" aria-hidden="true">\(labels)</svg>
            <svg class="plot" width="100%" height="\(panel.height)" data-panel="\(index)" role="img" \
            aria-labelledby="\(id)-\(index)-title" aria-describedby="\(id)-\(index)-desc">\
            <title id="\(id)-\(index)-title">\(panel.title)</title>\
            <desc id="\(id)-\(index)-desc">\(panel.summary(from: from, to: to))</desc>\
            \(lines)\(verticals)\
            <svg viewBox="0 0 1000 \(panel.height)" preserveAspectRatio="none" width="100%" height="\(panel.height)">\(paths)</svg>\
            \(rule)<line class="cursor" x1="0" x2="0" y1="0" y2="100%"/></svg>
            """
    }

    private func seriesMarkup(
        _ series: PlotPanel.Series, _ form: PlotPanel.Form, base: Double, y: (Double) -> Double
    ) -> Markup {
        let line = PlotLine(series.points, from: from, span: span, bridges: form == .dots, y: y)
        guard line.count > 0 else { return .none }
        var result: Markup = .none
        if form == .area, !isOverlaid {
            let area = Markup(path: line.area(base: base, steps: false))
            result += #"<path class="area s\#(series.style)" d="\#(area)"/>"#
        }
        let thin: Markup = form == .dots ? " thin" : ""
        let path = Markup(path: line.line(steps: form == .steps))
        result += #"<path class="line s\#(series.style)\#(thin)" data-points="\#(line.count)" d="\#(path)"/>"#
        if form == .dots {
            result += #"<path class="dots s\#(series.style)" d="\#(Markup(path: line.dots))"/>"#
        }
        return result
    }

    private func pixels(_ value: Double) -> Markup { Markup(text: PlotLine.text(value)) }

    /// The lines as numbers: nothing in it is text from a server.
    private var data: String {
        let rows = panels.map { panel in
            let series = panel.series.map { series in
                let times = series.points.map { FigureText.fixed($0.time, digits: 3) }.joined(separator: ",")
                let values = series.points.map { FigureText.fixed($0.value, digits: 6) }.joined(separator: ",")
                return #"{"t":[\#(times)],"v":[\#(values)]}"#
            }
            return #"{"unit":"\#(panel.unit.rawValue)","series":[\#(series.joined(separator: ","))]}"#
        }
        let ends = #""from":\#(FigureText.fixed(from, digits: 3)),"to":\#(FigureText.fixed(to, digits: 3))"#
        return #"{\#(ends),"panels":[\#(rows.joined(separator: ","))]}"#
    }
}
