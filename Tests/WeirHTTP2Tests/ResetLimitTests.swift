// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("ResetLimit")
struct ResetLimitTests {
    private func instant(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    /// How many resets at one instant are within the limit.
    private func burst(_ limit: inout ResetLimit, at now: MonotonicInstant) -> Int {
        var count = 0
        while limit.take(at: now) { count += 1 }
        return count
    }

    @Test("so many at once, then as many as time brings, never more than at first", arguments: [-5_000_000, 0, 7_000])
    func refills(start: Int64) {
        var limit = ResetLimit(burst: 200, perSecond: 20)
        let first = burst(&limit, at: instant(start))
        #expect(first == 200)
        var later = ResetLimit(burst: 200, perSecond: 20)
        for _ in 0..<200 { _ = later.take(at: instant(start)) }
        let oneMore = burst(&later, at: instant(start + 50))
        #expect(oneMore == 1)
        var rested = ResetLimit(burst: 200, perSecond: 20)
        for _ in 0..<200 { _ = rested.take(at: instant(start)) }
        let again = burst(&rested, at: instant(start + 1_000_000))
        #expect(again == 200)
    }

    @Test("a steady rate at the limit goes on for ever, one above it does not")
    func steady() {
        var limit = ResetLimit(burst: 10, perSecond: 20)
        let steady = (0..<10_000).allSatisfy { limit.take(at: instant(50 * $0)) }
        #expect(steady)
        var fast = ResetLimit(burst: 10, perSecond: 20)
        let lasts = (0..<10_000).prefix { fast.take(at: instant(40 * Int64($0))) }.count
        #expect((45...55).contains(lasts))
    }

    @Test("numbers without sense do not trap", arguments: [0, -1, Int.max])
    func extremes(number: Int) {
        var limit = ResetLimit(burst: number, perSecond: number)
        _ = limit.take(at: instant(0))
        _ = limit.take(at: .distantFuture)
        let isAllowed = limit.take(at: .distantFuture)
        #expect(isAllowed)
    }
}
