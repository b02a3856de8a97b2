// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("RateMonitor")
struct RateMonitorTests {
    private func second(_ seconds: Double) -> MonotonicInstant { MonotonicInstant(nanoseconds: Int64(seconds * 1e9)) }

    /// 800 bytes in 8 s, judged each second, for the first time after 8 s.
    private func monitor(grace: Duration = .zero) -> RateMonitor {
        RateMonitor(requiredBytes: 800, period: .seconds(8), grace: grace)
    }

    @Test("the required bytes per period are enough, one less is not", arguments: [(100, false), (99, true)])
    func threshold(bytesPerSecond: Int, isTooSlow: Bool) {
        let monitor = monitor()
        monitor.start(at: second(0))
        var verdicts: [Bool] = []
        for tick in 1...20 {
            monitor.moved(bytesPerSecond)
            verdicts.append(monitor.isTooSlow(at: second(Double(tick))))
        }
        #expect(verdicts.prefix(7).allSatisfy { !$0 })
        #expect(verdicts.dropFirst(7).allSatisfy { $0 == isTooSlow })
    }

    @Test("nothing is judged before the grace is over")
    func grace() {
        let monitor = monitor(grace: .seconds(30))
        monitor.start(at: second(0))
        #expect(!monitor.isTooSlow(at: second(29.9)))
        #expect(monitor.isTooSlow(at: second(30)))
    }

    @Test("the period slides: a burst counts for one period and no longer")
    func sliding() {
        let monitor = monitor()
        monitor.start(at: second(0))
        monitor.moved(800)
        #expect(!monitor.isTooSlow(at: second(8)))
        #expect(monitor.isTooSlow(at: second(9)))
    }

    @Test("time in which nothing waits for the peer is not counted")
    func standing() {
        let monitor = monitor()
        monitor.start(at: second(0))
        monitor.stop(at: second(4))
        #expect(monitor.nextJudgement == nil)
        #expect(!monitor.isTooSlow(at: second(1000)))
        monitor.start(at: second(1000))
        #expect(!monitor.isTooSlow(at: second(1003.9)))
        #expect(monitor.isTooSlow(at: second(1004)))
    }

    @Test("the next judgement is when the slot is full")
    func judgement() {
        let monitor = monitor()
        monitor.start(at: second(5))
        #expect(monitor.nextJudgement == second(6))
        monitor.stop(at: second(5.25))
        monitor.start(at: second(7))
        #expect(monitor.nextJudgement == second(7.75))
    }

    @Test("a clock that jumps by years is answered at once")
    func jump() {
        let monitor = monitor()
        monitor.start(at: second(0))
        #expect(monitor.isTooSlow(at: second(9e9)))
        #expect(monitor.bytesInLastPeriod == 0)
    }
}
