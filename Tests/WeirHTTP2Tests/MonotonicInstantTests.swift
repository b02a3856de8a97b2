// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("MonotonicInstant")
struct MonotonicInstantTests {
    @Test(
        "sums saturate at both ends",
        arguments: [
            (0, 5, 5), (Int64.max, 0, Int64.max), (Int64.max - 1, 1, Int64.max), (Int64.max, 1, Int64.max),
            (Int64.min, -1, Int64.min), (Int64.min + 1, -1, Int64.min), (1, Int64.max, Int64.max),
            (-1, Int64.min, Int64.min),
        ] as [(Int64, Int64, Int64)])
    func sums(start: Int64, delta: Int64, end: Int64) {
        let sum = MonotonicInstant(nanoseconds: start).advanced(byNanoseconds: delta)
        #expect(sum.nanoseconds == end)
    }

    @Test(
        "differences are never negative and saturate",
        arguments: [
            (10, 3, 7), (3, 10, 0), (Int64.max, Int64.min, Int64.max), (Int64.min, Int64.max, 0),
            (Int64.max, -1, Int64.max),
        ] as [(Int64, Int64, Int64)])
    func differences(later: Int64, earlier: Int64, difference: Int64) {
        let result = MonotonicInstant(nanoseconds: later).nanoseconds(since: MonotonicInstant(nanoseconds: earlier))
        #expect(result == difference)
    }

    @Test("durations beyond 292 years saturate")
    func durations() {
        #expect(Duration.seconds(Int64.max).saturatedNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).saturatedNanoseconds == .min)
        #expect(Duration.seconds(9_223_372_036).saturatedNanoseconds == 9_223_372_036_000_000_000)
        #expect(Duration.nanoseconds(Int64.max).saturatedNanoseconds == .max)
        #expect((Duration.nanoseconds(Int64.max) + .nanoseconds(1)).saturatedNanoseconds == .max)
        #expect((Duration.nanoseconds(Int64.min) - .nanoseconds(1)).saturatedNanoseconds == .min)
        #expect(Duration.milliseconds(-1).saturatedNanoseconds == -1_000_000)
        #expect(MonotonicInstant(nanoseconds: 5) + .seconds(Int64.max) == .distantFuture)
    }
}
