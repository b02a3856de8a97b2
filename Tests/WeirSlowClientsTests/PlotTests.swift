// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirSlowClients

@Suite("Plots")
struct PlotTests {
    private func points(_ count: Int, _ value: (Int) -> Double) -> [PlotPoint] {
        (0..<count).compactMap { PlotPoint(time: Double($0) / 100, value: value($0)) }
    }

    @Test("thinning out keeps both ends, every peak, and the order of time", arguments: [603, 1000, 5000, 20_000])
    func peaks(count: Int) {
        var random = SplitMix(state: UInt64(count))
        let peak = count * 2 / 3
        let pit = count / 5
        let all = points(count) { $0 == peak ? 1000 : $0 == pit ? -1000 : random.unit() }
        let thin = PlotPoint.decimated(all)
        #expect(thin.count <= 602 && thin.count > 300)
        #expect(thin.first == all.first && thin.last == all.last)
        #expect(thin.contains { $0.value == 1000 } && thin.contains { $0.value == -1000 })
        #expect(zip(thin, thin.dropFirst()).allSatisfy { $0.time < $1.time })
        #expect(thin.allSatisfy { point in all.contains(point) })
    }

    @Test("the extremes of every stretch of time stay")
    func everyBucket() {
        var random = SplitMix(state: 7)
        let all = points(3001) { _ in random.unit() }
        let thin = PlotPoint.decimated(all, buckets: 10)
        for bucket in 0..<10 {
            let range = Double(bucket) * 3..<Double(bucket + 1) * 3
            let inside = all.dropFirst().dropLast().filter { range.contains($0.time) }
            let kept = thin.filter { range.contains($0.time) }.map(\.value)
            #expect(inside.map(\.value).max().map(kept.contains) == true)
            #expect(inside.map(\.value).min().map(kept.contains) == true)
        }
    }

    @Test("few points stay as they are; points of one moment become their extremes")
    func small() throws {
        for count in [0, 1, 2, 602] {
            let all = points(count) { Double($0) }
            #expect(PlotPoint.decimated(all) == all)
        }
        let moment = (0..<1000).compactMap { PlotPoint(time: 1, value: Double($0)) }
        #expect(PlotPoint.decimated(moment).map(\.value) == [0, 999])
        #expect(PlotPoint.decimated(moment, buckets: 0) == moment)
    }

    @Test("points are finite and bounded")
    func bounded() {
        #expect(PlotPoint(time: .nan, value: 1) == nil && PlotPoint(time: .infinity, value: 1) == nil)
        #expect(PlotPoint(time: 1, value: .nan) == nil && PlotPoint(time: 1, value: nil) == nil)
        #expect(PlotPoint(time: 1, value: .infinity)?.value == PlotPoint.limit)
        #expect(PlotPoint(time: -1e300, value: -1e300) == PlotPoint(time: -PlotPoint.limit, value: -PlotPoint.limit))
    }

    @Test("a line has a gap where nothing was known, unless its values only come now and then")
    func gaps() {
        let all = points(1000) { _ in 1 }.filter { $0.time < 3 || $0.time > 6 }
        let line = PlotLine(all, from: 0, span: 10, bridges: false) { $0 }
        #expect(line.runs.count == 2 && line.count == all.count)
        #expect(line.line(steps: false).count { $0 == "M" } == 2)
        #expect(line.area(base: 5, steps: false).hasSuffix("V5H601Z"))
        #expect(PlotLine(all, from: 0, span: 10, bridges: true) { $0 }.runs.count == 1)
        // Few samples are no gaps.
        let few = [0.0, 4, 9].compactMap { PlotPoint(time: $0, value: $0) }
        let wide = PlotLine(few, from: 0, span: 10, bridges: false) { $0 }
        #expect(wide.line(steps: true) == "M0 0H400V4H900V9" && wide.dots == "M0 0h0.01M400 4h0.01M900 9h0.01")
        #expect(
            PlotLine(Array(few.prefix(1)), from: 0, span: 10, bridges: false) { $0 }.line(steps: true) == "M0 0h0.01")
        #expect(PlotLine([], from: 0, span: 10, bridges: false) { $0 }.line(steps: false) == "")
    }

    @Test("a linear axis begins at zero and ends at a round number above the highest value")
    func linear() {
        let bytes = PlotScale.linear([655_350], unit: .bytes)
        #expect((bytes.low, bytes.high) == (0, 786_432))
        #expect(bytes.ticks == [0, 262_144, 524_288, 786_432])
        let negative = PlotScale.linear([-49_152, 60_000], unit: .bytes)
        #expect(negative.low == -65_536 && negative.high == 65_536 && negative.ticks.contains(0))
        let percent = PlotScale.linear([0, 17.2], unit: .percent, ticks: 2)
        #expect(percent.ticks == [0, 10, 20])
        #expect(bytes.height(0) == 0 && bytes.height(786_432) == 1 && bytes.height(393_216) == 0.5)
        #expect(bytes.height(-5) == 0 && bytes.height(1e18) == 1 && bytes.height(.nan) == 0)
    }

    @Test("a logarithmic axis has whole decades")
    func logarithmic() {
        let scale = PlotScale.logarithmic([0.0007, 0.0138], least: 1e-5)
        #expect(scale.ticks.map { FigureText.seconds($0) } == ["0.1 ms", "1 ms", "10 ms", "100 ms"])
        #expect(scale.height(0) == 0 && scale.height(0.1) == 1)
        #expect(abs(scale.height(0.001) - 1.0 / 3) < 1e-9)
        #expect(PlotScale.logarithmic([], least: 1e-5).ticks.count >= 2)
    }

    @Test("an axis around zero goes up with its values, below zero too, and has a line at zero")
    func symmetric() {
        let scale = PlotScale.symmetric([-65_536, 0, 1000, 16_777_216], threshold: 1024)
        let values: [Double] = [-65_536, -1024, -1, 0, 1, 1024, 65_536, 16_777_216]
        let heights = values.map(scale.height)
        #expect(heights == heights.sorted() && Set(heights).count == values.count)
        #expect((scale.low, scale.high) == (-1_048_576, 33_554_432) && scale.ticks.contains(0))
        #expect(PlotScale.symmetric([1_048_576], threshold: 1024).ticks == [0, 1024, 32_768, 1_048_576])
    }

    @Test("no values trap a scale", arguments: Hostile.numbers)
    func anyScale(number: Double) {
        for value in [number, -number] {
            let values = [PlotPoint(time: 0, value: value)?.value, 0.5].compactMap(\.self)
            let units: [FigureText.Unit] = [.bytes, .seconds, .count, .percent]
            let scales =
                units.map { PlotScale.linear(values, unit: $0) } + [
                    .logarithmic(values, least: 1e-5), .symmetric(values, threshold: 1024), .linear([], unit: .bytes),
                ]
            for scale in scales {
                #expect(scale.high > scale.low && !scale.ticks.isEmpty && scale.ticks.count <= 21)
                for height in values.map(scale.height) { #expect(height >= 0 && height <= 1) }
            }
        }
    }

    @Test("ends that come together are one mark, up to a limit")
    func ends() {
        let near = (0..<10).map { PlotLane.End(time: 10 + Double($0) / 1000, how: .status(8), calls: 1) }
        let other = PlotLane.End(time: 10.005, how: .reset(8), calls: 1)
        let gathered = PlotLane.gathered(near + [other], within: 0.1)
        #expect(gathered.map(\.calls) == [10, 1])
        #expect(gathered.map(\.text) == ["10 × 8 RESOURCE_EXHAUSTED", "RST_STREAM 8 CANCEL"])
        let many = (0..<200).map { PlotLane.End(time: Double($0), how: .status(8), calls: 1) }
        let limited = PlotLane.gathered(many, within: 0.1)
        #expect(limited.count == PlotLane.mostEnds && limited.reduce(0) { $0 + $1.calls } == 200)
    }

    @Test("the deadline is marked where the first stalled call's is over, and only where one stalled")
    func deadline() throws {
        let profiles = SampleReport().report().profiles
        let never = try #require(profiles.first { $0.name == "never-reads" })
        let lane = PlotLane(never, deadlineSeconds: 10, until: never.seconds)
        #expect(try abs(#require(lane.deadline) - 10.4) < 1e-9)
        #expect(lane.ends.map(\.how) == [.status(8)] && lane.ends.first?.calls == 10)
        let steady = try #require(profiles.first { $0.name == "steady" })
        #expect(PlotLane(steady, deadlineSeconds: 10, until: steady.seconds).deadline == nil)
        var late = never
        for index in late.streams.indices { late.streams[index].connectedSeconds = 1 }
        #expect(try abs(#require(PlotLane(late, deadlineSeconds: 10, until: 20).deadline) - 11.4) < 1e-9)
    }

    @Test("processor time becomes a part of a core")
    func processor() {
        let samples = (0...100).map { index in
            SampleResult(
                seconds: Double(index) / 20, dataBytes: 0, openStreams: 0, processorSeconds: Double(index) / 20 * 0.5)
        }
        let rates = TimelinePlot.rates(samples)
        #expect(rates.count >= 16 && rates.allSatisfy { abs($0.value - 50) < 1e-6 })
        #expect(TimelinePlot.rates([]).isEmpty && TimelinePlot.rates(Array(samples.prefix(1))).isEmpty)
    }
}
