// SPDX-License-Identifier: Apache-2.0

extension TimelinePlot {
    /// A profile that one server was put to, or several servers, each under its label.
    struct Run: Sendable {
        /// The server's label; nothing when there is only one.
        var label: String
        /// The server's colour.
        var style: Int
        var profile: ProfileResult
        var deadlineSeconds: Double
        /// The canary's 99th percentile before the profiles began; nil when it is not known.
        var canaryAloneSeconds: Double?
    }

    /// Draws a profile: what was received, windows, the canary, and the server's process where it was watched.
    init(_ runs: [Run], id: String, name: String) {
        self.id = id
        self.name = name
        let times = runs.flatMap { run in run.profile.samples.map(\.seconds) }.filter { $0.isFinite && $0 >= 0 }
        let ends = runs.map(\.profile.seconds).filter { $0.isFinite && $0 > 0 }
        from = 0
        to = min(max(times.max() ?? 0, times.isEmpty ? 0 : ends.max() ?? 0), PlotPoint.limit)
        let until = to
        lanes = runs.map { run in
            PlotLane(
                run.profile, deadlineSeconds: run.deadlineSeconds, label: run.label, style: run.style, until: until)
        }
        // One line for all is only drawn when it is the same for all.
        if Set(runs.map(\.deadlineSeconds)).count > 1 {
            for index in lanes.indices { lanes[index].deadline = nil }
        }
        panels = [
            TimelinePlot.received(runs), TimelinePlot.openStreams(runs), TimelinePlot.windows(runs),
            TimelinePlot.canary(runs), TimelinePlot.memory(runs), TimelinePlot.processor(runs),
        ].compactMap(\.self)
    }

    private static func points(_ run: Run, _ value: (SampleResult) -> Double?) -> [PlotPoint] {
        let all = run.profile.samples.compactMap { sample in
            sample.seconds >= 0 ? PlotPoint(time: sample.seconds, value: value(sample)) : nil
        }
        // A file may hold its samples in any order.
        let ordered = zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time }
        return PlotPoint.decimated(ordered ? all : all.sorted { $0.time < $1.time })
    }

    private static func series(
        _ runs: [Run], _ label: String, _ value: (SampleResult) -> Double?, _ summary: ([PlotPoint]) -> String
    ) -> [PlotPanel.Series] {
        runs.compactMap { run in
            let points = points(run, value)
            guard !points.isEmpty else { return nil }
            return PlotPanel.Series(
                label: run.label.isEmpty ? label : run.label, style: run.style, points: points, summary: summary(points)
            )
        }
    }

    private static func highest(_ points: [PlotPoint]) -> Double { points.map(\.value).max() ?? 0 }

    private static func values(_ series: [PlotPanel.Series]) -> [Double] {
        series.flatMap { $0.points.map(\.value) }
    }

    private static func received(_ runs: [Run]) -> PlotPanel? {
        let title = "Bytes received"
        let series = series(runs, title, { Double($0.dataBytes) }) { "in all " + FigureText.bytes(highest($0)) }
        guard !series.isEmpty else { return nil }
        return PlotPanel(
            title: title, unit: .bytes, scale: .linear(values(series), unit: .bytes), form: .area, height: 92,
            series: series)
    }

    private static func openStreams(_ runs: [Run]) -> PlotPanel? {
        let title = "Calls under way"
        let series = series(runs, title, { Double($0.openStreams) }) {
            "at most " + FigureText.text(highest($0), .count)
        }
        guard !series.isEmpty else { return nil }
        return PlotPanel(
            title: title, unit: .count, scale: .linear(values(series), unit: .count, ticks: 2), form: .steps,
            height: 52, series: series)
    }

    /// Both windows of one server, or the streams' of several.
    private static func windows(_ runs: [Run]) -> PlotPanel? {
        let lowest: ([PlotPoint]) -> String = { points in
            "lowest " + FigureText.bytes(points.map(\.value).min() ?? 0)
        }
        var all = series(runs, "stream", { $0.streamWindowBytes.map(Double.init) }, lowest)
        let isAlone = runs.count == 1 && runs.allSatisfy(\.label.isEmpty)
        if isAlone {
            var connection = series(runs, "connection", { $0.connectionWindowBytes.map(Double.init) }, lowest)
            for index in connection.indices { connection[index].style = 1 }
            all += connection
        }
        guard !all.isEmpty else { return nil }
        let peaks = all.map { series in max(1, series.points.map(\.value.magnitude).max() ?? 0) }
        // One window a thousand times the other would leave the small one on the zero line.
        let isWide = (peaks.max() ?? 1) / (peaks.min() ?? 1) > 16
        let scale = isWide ? PlotScale.symmetric(values(all), threshold: 1024) : .linear(values(all), unit: .bytes)
        let title = isAlone ? "Windows" : "Window of the first stream"
        return PlotPanel(
            title: isWide ? title + " (log scale)" : title, unit: .bytes, scale: scale, form: .line, height: 104,
            series: all)
    }

    private static func canary(_ runs: [Run]) -> PlotPanel? {
        let title = "Canary latency (log scale)"
        let series = series(runs, title, \.canarySeconds) { "highest " + FigureText.seconds(highest($0)) }
        guard !series.isEmpty else { return nil }
        let alone = runs.count == 1 ? runs.first?.canaryAloneSeconds.flatMap { $0.isFinite && $0 > 0 ? $0 : nil } : nil
        return PlotPanel(
            title: title, unit: .seconds, scale: .logarithmic(values(series) + (alone.map { [$0] } ?? []), least: 1e-5),
            form: .dots, height: 92, series: series,
            rule: alone.map { PlotPanel.Rule(value: $0, label: "p99 alone " + FigureText.seconds($0)) })
    }

    private static func memory(_ runs: [Run]) -> PlotPanel? {
        let title = "Server memory (resident)"
        let series = series(runs, title, { $0.residentBytes.map(Double.init) }) {
            "highest " + FigureText.bytes(highest($0))
        }
        guard !series.isEmpty else { return nil }
        return PlotPanel(
            title: title, unit: .bytes, scale: .linear(values(series), unit: .bytes), form: .area, height: 80,
            series: series)
    }

    private static func processor(_ runs: [Run]) -> PlotPanel? {
        let title = "Server CPU (of one core)"
        let series = runs.compactMap { run -> PlotPanel.Series? in
            let points = PlotPoint.decimated(rates(run.profile.samples))
            guard !points.isEmpty else { return nil }
            return PlotPanel.Series(
                label: run.label.isEmpty ? title : run.label, style: run.style, points: points,
                summary: "highest " + FigureText.text(highest(points), .percent))
        }
        guard !series.isEmpty else { return nil }
        return PlotPanel(
            title: title, unit: .percent, scale: .linear(values(series), unit: .percent, ticks: 2), form: .line,
            height: 60, series: series)
    }

    /// Processor time per time, in percent, over steps of at least a quarter of a second.
    ///
    /// The kernel counts in hundredths of a second: shorter steps would show that, not the server.
    static func rates(_ samples: [SampleResult]) -> [PlotPoint] {
        var result: [PlotPoint] = []
        var start: (time: Double, used: Double)?
        for sample in samples {
            guard let used = sample.processorSeconds, used.isFinite, sample.seconds.isFinite, sample.seconds >= 0 else {
                continue
            }
            guard let begun = start else {
                start = (sample.seconds, used)
                continue
            }
            let passed = sample.seconds - begun.time
            guard passed >= 0.25 else { continue }
            if let point = PlotPoint(time: sample.seconds, value: max(0, used - begun.used) / passed * 100) {
                result.append(point)
            }
            start = (sample.seconds, used)
        }
        return result
    }
}
