// SPDX-License-Identifier: Apache-2.0

/// A series as paths of SVG: the line, the area under it, a dot for each value.
struct PlotLine: Sendable {
    /// A place in the panel's box.
    struct Place: Sendable, Equatable {
        var x: Double
        var y: Double
    }

    /// The places, apart where nothing was known for a while.
    let runs: [[Place]]

    /// Puts points into a box 1,000 wide; `y` says how high a value is.
    ///
    /// A line ends where the next point is a fortieth of the width away, and that is far for this series.
    init(_ points: [PlotPoint], from: Double, span: Double, bridges: Bool, y: (Double) -> Double) {
        let places = points.map { Place(x: ($0.time - from) / span * 1000, y: y($0.value)) }
        guard let first = places.first, let last = places.last else {
            runs = []
            return
        }
        let far = max(25, 4 * (last.x - first.x) / Double(max(places.count - 1, 1)))
        var runs = [[first]]
        for (place, previous) in zip(places.dropFirst(), places) {
            if !bridges, place.x - previous.x > far {
                runs.append([place])
            } else {
                runs[runs.count - 1].append(place)
            }
        }
        self.runs = runs
    }

    /// How many places there are.
    var count: Int { runs.reduce(0) { $0 + $1.count } }

    /// The line, run by run; a run of one place is a line of no length, which a round cap turns into a dot.
    func line(steps: Bool) -> String {
        runs.map { $0.count == 1 ? PlotLine.path($0, steps) + "h0.01" : PlotLine.path($0, steps) }.joined()
    }

    /// What is between the line and this height.
    func area(base: Double, steps: Bool) -> String {
        runs.map { run in
            let begin = PlotLine.text(run.first?.x ?? 0)
            return PlotLine.path(run, steps) + "V\(PlotLine.text(base))H\(begin)Z"
        }.joined()
    }

    /// A dot for each place.
    var dots: String { runs.joined().map { PlotLine.path([$0], false) + "h0.01" }.joined() }

    private static func path(_ run: [Place], _ steps: Bool) -> String {
        var path = ""
        for (index, place) in run.enumerated() {
            let (x, y) = (text(place.x), text(place.y))
            path += index == 0 ? "M\(x) \(y)" : steps ? "H\(x)V\(y)" : "L\(x) \(y)"
        }
        return path
    }

    /// A coordinate, to a tenth.
    static func text(_ value: Double) -> String { FigureText.fixed(value, digits: 1) }
}
