// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

/// Each algorithm against its published formula, written down once more in the plainest way.
@Suite("Limit algorithms")
struct LimitAlgorithmTests {
    private func window(
        _ milliseconds: Double, inFlight: Int = 10_000, samples: Int = 10, failures: Int = 0, limited: Bool = false
    ) -> LatencyWindow {
        LatencyWindow(
            latency: .nanoseconds(Int64(milliseconds * 1e6)), peakInFlight: inFlight, samples: samples,
            failures: failures, wasLimited: limited)
    }

    // MARK: - Gradient2

    /// Netflix's Gradient2 with its defaults, as published.
    private struct Gradient2Model {
        var estimate = 20.0
        var long = 0.0
        var count = 0
        var sum = 0.0

        mutating func update(_ short: Double, inFlight: Int) {
            if count < 10 {
                count += 1
                sum += short
                long = sum / Double(count)
            } else {
                long = long * (1 - 2.0 / 601) + short * (2.0 / 601)
            }
            if long / short > 2 { long *= 0.95 }
            if Double(inFlight) < estimate / 2 { return }
            let gradient = max(0.5, min(1, 1.5 * long / short))
            let new = estimate * gradient + 4
            estimate = max(20, min(200, estimate * 0.8 + new * 0.2))
        }
    }

    @Test("Gradient2 follows its formula", arguments: 0..<20)
    func gradient2(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var limit = Gradient2Limit()
        var model = Gradient2Model()
        for _ in 0..<2000 {
            let milliseconds =
                Int.random(in: 0..<10, using: &random) == 0 ? 500.0 : Double.random(in: 5...50, using: &random)
            let inFlight = Int.random(in: 0...250, using: &random)
            limit.update(window(milliseconds, inFlight: inFlight))
            model.update(Double(Int64(milliseconds * 1e6)), inFlight: inFlight)
            #expect(limit.limit == Int(model.estimate))
        }
    }

    @Test("Gradient2 by hand: steady latency adds 0.8 a window; a tripled one takes it down, not below the half")
    func gradient2ByHand() {
        var limit = Gradient2Limit()
        for _ in 0..<10 { limit.update(window(10)) }
        #expect(limit.limit == 28)  // 20 + 10 x 0.2 x 4.
        // long = (10 x 10 ms, then 2/601 of 100 ms) = 10.2995 ms; gradient 0.5; new = 14 + 4; 0.8 x 28 + 0.2 x 18 = 26.
        limit.update(window(100))
        #expect(limit.limit == 26)
    }

    @Test("Gradient2 rests while less than half of the limit is used")
    func gradient2Idle() {
        var limit = Gradient2Limit()
        for _ in 0..<100 { limit.update(window(10, inFlight: 9)) }
        #expect(limit.limit == 20)
        limit.update(window(10, inFlight: 10))
        limit.update(window(10, inFlight: 11))
        #expect(limit.limit == 21)
    }

    @Test("a frozen baseline does not learn from windows in which calls were kept out; the published one drifts")
    func frozenBaseline() {
        func baselineAfterOverload(frozen: Bool) -> (baseline: Double, limit: Int) {
            var configuration = Gradient2Limit.Configuration()
            configuration.minimum = 2
            configuration.freezesBaseline = frozen
            var limit = Gradient2Limit(configuration)
            for _ in 0..<50 { limit.update(window(10)) }
            // The latency is the limit's doing: what the server can bear is 15 at 10 ms.
            for _ in 0..<3000 { limit.update(window(10 * max(1, Double(limit.limit) / 15), limited: true)) }
            return (limit.baselineNanoseconds / 1e6, limit.limit)
        }
        let frozen = baselineAfterOverload(frozen: true)
        let drifting = baselineAfterOverload(frozen: false)
        #expect(abs(frozen.baseline - 10) < 0.01)
        #expect(frozen.limit <= 27)  // 1.5 x 15 + 4.
        #expect(drifting.baseline > 50)
        #expect(drifting.limit > 100)
    }

    @Test("a normal that has become slower is found out: the frozen baseline is measured anew at the minimum")
    func probe() {
        var limit = Gradient2Limit.server(cores: 4)
        for _ in 0..<50 { limit.update(window(10, limited: true)) }
        var limits: [Int] = []
        for _ in 0..<400 {
            limit.update(window(40, limited: true))
            limits.append(limit.limit)
        }
        #expect(abs(limit.baselineNanoseconds - 40e6) < 1)
        #expect(limits[100] < 10)
        #expect(limits[399] > 1000)
    }

    @Test("what is slow because of the limit is not a new normal: a probe changes nothing then")
    func probeUnderOverload() {
        var limit = Gradient2Limit.server(cores: 8)
        var highest = 0
        for number in 0..<5000 {
            limit.update(window(10 * max(1, Double(limit.limit) / 8), limited: true))
            if number > 50 { highest = max(highest, limit.limit) }
        }
        #expect(abs(limit.baselineNanoseconds - 10e6) < 1)
        #expect(highest <= 12)  // 1.25 x 8 + 2.
    }

    @Test("a fast start doubles until latency answers, and never again")
    func fastStart() {
        var limit = Gradient2Limit.server(cores: 4)
        #expect(limit.limit == 4)
        var seen: [Int] = []
        for _ in 0..<5 {
            limit.update(window(10, limited: true))
            seen.append(limit.limit)
        }
        #expect(seen == [8, 16, 32, 64, 128])
        limit.update(window(20, limited: true))
        #expect(limit.limit < 128)
        let after = limit.limit
        limit.update(window(10, limited: true))
        #expect(limit.limit <= after + 1)
    }

    @Test("no limit learns from a window without a success, but from failures those that say so")
    func nothing() {
        let empty = LatencyWindow(
            samples: 0, failures: 10, minimumNanoseconds: 0, meanNanoseconds: 0, p90Nanoseconds: 0, p99Nanoseconds: 0,
            peakInFlight: 100)
        var random = SeededGenerator(seed: 1)
        var gradient = Gradient2Limit()
        var objective = ObjectiveLimit(p99: .milliseconds(10))
        var aimd = AIMDLimit(initial: 100)
        var vegas = VegasLimit(initial: 100, using: &random)
        gradient.update(empty)
        objective.update(empty)
        aimd.update(empty)
        vegas.update(empty)
        #expect(gradient.limit == 20)
        #expect(objective.limit == 20)
        #expect(aimd.limit == 90)
        #expect(vegas.limit == 98)
    }

    // MARK: - AIMD

    @Test("AIMD follows its formula", arguments: 0..<20)
    func aimd(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var limit = AIMDLimit()
        var model = 20
        for _ in 0..<2000 {
            let failures = Int.random(in: 0..<20, using: &random) == 0 ? 1 : 0
            let milliseconds = Double.random(in: 1...5_200, using: &random)
            let inFlight = Int.random(in: 0...250, using: &random)
            limit.update(window(milliseconds, inFlight: inFlight, failures: failures))
            if failures > 0 || milliseconds > 5_000 {
                model = Int(Double(model) * 0.9)
            } else if inFlight * 2 >= model {
                model += 1
            }
            model = min(200, max(20, model))
            #expect(limit.limit == model)
        }
    }

    // MARK: - Vegas

    @Test(
        "Vegas by hand, at a limit of 100 (log 2, alpha 6, beta 12) with a shortest latency of 10 ms",
        arguments: [
            (10.1, 112),  // ceil(100 x (1 - 10/10.1)) = 1 <= 2: + beta.
            (10.5, 102),  // 5 < 6: + log.
            (11.0, 100),  // ceil(9.09) = 10: rests.
            (12.0, 98),  // ceil(16.7) = 17 > 12: - log.
        ])
    func vegas(milliseconds: Double, expected: Int) {
        var random = SeededGenerator(seed: 1)
        var limit = VegasLimit(initial: 100, using: &random)
        limit.update(window(10))
        #expect(limit.limit == 100)
        limit.update(window(milliseconds))
        #expect(limit.limit == expected)
    }

    @Test("Vegas: a failure lowers, an idle window rests, a shorter latency becomes the base")
    func vegasEdges() {
        var random = SeededGenerator(seed: 1)
        var limit = VegasLimit(initial: 100, using: &random)
        limit.update(window(10))
        limit.update(window(10.1, failures: 1))
        #expect(limit.limit == 98)
        limit.update(window(10.1, inFlight: 40))
        #expect(limit.limit == 98)
        limit.update(window(5))
        #expect(limit.limit == 98)
        limit.update(window(10.1))  // Twice the base now: falls.
        #expect(limit.limit == 97)
    }

    @Test("Vegas measures its base anew within 30 x limit samples, so that a slower normal is not overload for ever")
    func vegasProbe() {
        var random = SeededGenerator(seed: 1)
        var limit = VegasLimit(initial: 100, using: &random)
        limit.update(window(10))
        var lowest = 100
        for _ in 0..<400 {
            limit.update(window(20, samples: 10))
            lowest = min(lowest, limit.limit)
        }
        #expect(lowest < 90)
        #expect(limit.limit > lowest)
    }

    @Test(
        "the logarithm is rounded down and at least 1",
        arguments: [(1, 1), (9, 1), (10, 1), (99, 1), (100, 2), (999, 2), (1000, 3)])
    func logarithm(number: Int, expected: Int) {
        #expect(VegasLimit.flooredLogarithm(number) == expected)
    }

    // MARK: - Objective

    @Test(
        "the objective's rule: above it down, below half of it up, between the two at rest",
        arguments: [(101.0, 45), (100.0, 50), (50.0, 50), (49.9, 51)])
    func objective(milliseconds: Double, expected: Int) {
        var limit = ObjectiveLimit(p99: .milliseconds(100), initial: 50)
        limit.update(window(milliseconds, inFlight: 50))
        #expect(limit.limit == expected)
    }

    @Test("the objective's rule does not raise a limit that is not used, and keeps its bounds")
    func objectiveBounds() {
        var limit = ObjectiveLimit(p99: .milliseconds(100), initial: 5, minimum: 2, maximum: 6)
        limit.update(window(1, inFlight: 2))
        #expect(limit.limit == 5)
        for _ in 0..<10 { limit.update(window(1, inFlight: 6)) }
        #expect(limit.limit == 6)
        for _ in 0..<10 { limit.update(window(1000)) }
        #expect(limit.limit == 2)
    }
}
