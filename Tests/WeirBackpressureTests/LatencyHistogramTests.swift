// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

@Suite("LatencyHistogram")
struct LatencyHistogramTests {
    @Test("a quantile is within 4 % of the exact one", arguments: 0..<10)
    func quantiles(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var histogram = LatencyHistogram()
        var exact: [Int64] = []
        for _ in 0..<1000 {
            let exponent = Int64.random(in: 0...29, using: &random)
            let value = Int64.random(in: 100...(101 << exponent), using: &random)
            histogram.record(value)
            exact.append(value)
        }
        exact.sort()
        for part in [0.01, 0.5, 0.9, 0.99, 1] {
            let expected = Double(exact[max(0, Int((part * 1000).rounded(.up)) - 1)])
            #expect(abs(Double(histogram.quantile(part)) - expected) <= expected * 0.04 + 1)
        }
    }

    @Test("every value has a bucket whose middle is within 4 % of it")
    func buckets() {
        for exponent in 0..<40 {
            let power = Int64(1) << Int64(exponent)
            let values: [Int64] = [power, power + 1, power + power / 2, 2 * power - 1]
            for value in values {
                guard value < 1 << 40 else { continue }
                let middle = LatencyHistogram.middle(of: LatencyHistogram.index(of: value))
                #expect(abs(Double(middle - value)) <= Double(value) * 0.04 + 1)
            }
        }
    }

    @Test("what is out of range counts at the ends", arguments: [Int64.min, -1, 0, Int64.max])
    func range(value: Int64) {
        var histogram = LatencyHistogram()
        histogram.record(value)
        #expect(histogram.total == 1)
        if value <= 0 {
            #expect(histogram.quantile(1) == 0)
        } else {
            #expect(histogram.quantile(1) > 1_000_000_000_000)
        }
        histogram.removeAll()
        #expect(histogram.quantile(1) == 0)
    }
}
