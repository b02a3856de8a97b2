// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirTesting

@Suite("VirtualClock and VirtualExecutor")
struct VirtualClockTests {
    /// What tasks say, in the order in which they say it; only used by tasks of one executor, which runs one at a time.
    final class Log: @unchecked Sendable {
        var lines: [String] = []
    }

    private let clock = VirtualClock()
    private let executor: VirtualExecutor
    private let log = Log()

    init() {
        executor = VirtualExecutor(clock: clock)
    }

    private func sleep(_ name: String, until nanoseconds: Int64) -> Task<Void, Never> {
        Task(executorPreference: executor) { [clock, log] in
            do {
                try await clock.sleep(until: .init(nanoseconds: nanoseconds))
                log.lines.append("\(name) at \(clock.now.nanoseconds)")
            } catch {
                log.lines.append("\(name) cancelled")
            }
        }
    }

    private func run() {
        _ = executor.run(limit: .max)
    }

    @Test("sleeps end in the order of their deadlines, then of their beginnings")
    func order() {
        executor.drive {
            _ = sleep("late", until: 30)
            _ = sleep("first", until: 20)
            _ = sleep("second", until: 20)
            _ = sleep("past", until: 0)
            run()
            #expect(log.lines == ["past at 0"])
            clock.advance(to: 19)
            run()
            #expect(log.lines.count == 1)
            #expect(clock.nextDeadline == 20)
            clock.advance(to: 30)
            run()
        }
        #expect(log.lines == ["past at 0", "first at 30", "second at 30", "late at 30"])
        #expect(clock.sleeperCount == 0)
        #expect(executor.foreignJobCount == 0)
    }

    @Test("a cancelled sleep ends at once and leaves nothing")
    func cancelled() {
        executor.drive {
            let task = sleep("a", until: 1_000)
            _ = sleep("b", until: 2_000)
            run()
            task.cancel()
            run()
            let before = sleep("c", until: 3_000)
            before.cancel()
            run()
        }
        #expect(log.lines == ["a cancelled", "c cancelled"])
        #expect(clock.sleeperCount == 1)
        #expect(clock.nextDeadline == 2_000)
    }

    @Test("deadlines of cancelled sleeps do not pile up")
    func bounded() {
        executor.drive {
            for round in 0..<2_000 {
                let task = sleep("x", until: 1_000_000 + Int64(round))
                run()
                task.cancel()
                run()
            }
        }
        #expect(clock.sleeperCount == 0)
        #expect(clock.pendingDeadlineCount <= 65)
    }

    @Test("a job from another thread is run and counted")
    func foreign() async {
        let (clock, executor) = (clock, executor)
        await Task.detached { _ = Task(executorPreference: executor) { _ = clock.now } }.value
        executor.drive { _ = executor.run(limit: .max) }
        #expect(executor.foreignJobCount == 1)
    }

    @Test("time stands still for whoever asks, and instants are ordered")
    func instants() {
        #expect(clock.now == .start)
        #expect(clock.now.advanced(by: .seconds(3)).sinceStart == .seconds(3))
        #expect(VirtualClock.Instant.start.duration(to: .init(nanoseconds: 5)) == .nanoseconds(5))
        #expect(VirtualClock.Instant(nanoseconds: .max).advanced(by: .seconds(1)).nanoseconds == .max)
    }
}
