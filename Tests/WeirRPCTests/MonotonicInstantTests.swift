// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("An instant of a monotonic clock")
struct MonotonicInstantTests {
    @Test(
        "adds a duration and saturates at both ends",
        arguments: [
            (0, Duration.seconds(1), 1_000_000_000),
            (5, .nanoseconds(-5), 0),
            (1, .nanoseconds(Int64.max - 1), Int64.max),
            (2, .nanoseconds(Int64.max - 1), Int64.max),
            (-2, .nanoseconds(Int64.min + 2), Int64.min),
            (-3, .nanoseconds(Int64.min + 2), Int64.min),
            (0, .seconds(Int64.max), Int64.max),
            (0, .seconds(Int64.min), Int64.min),
            (0, Duration(secondsComponent: 0, attosecondsComponent: 1), 1),
            (0, Duration(secondsComponent: 0, attosecondsComponent: 1_000_000_000), 1),
            (0, Duration(secondsComponent: 0, attosecondsComponent: 1_000_000_001), 2),
            (0, Duration(secondsComponent: 0, attosecondsComponent: -1), 0),
        ] as [(Int64, Duration, Int64)])
    func addition(start: Int64, duration: Duration, expected: Int64) {
        #expect((MonotonicInstant(nanoseconds: start) + duration).nanoseconds == expected)
    }

    @Test(
        "measures the time to another instant and saturates",
        arguments: [
            (0, 7, Duration.nanoseconds(7)),
            (7, 0, .nanoseconds(-7)),
            (-1, Int64.max, .nanoseconds(Int64.max)),
            (1, Int64.min, .nanoseconds(Int64.min)),
        ] as [(Int64, Int64, Duration)])
    func distance(from: Int64, to: Int64, expected: Duration) {
        let other = MonotonicInstant(nanoseconds: to)
        #expect(MonotonicInstant(nanoseconds: from).duration(to: other) == expected)
    }

    @Test("has an order, with the distant future last")
    func order() {
        #expect(MonotonicInstant(nanoseconds: 1) < MonotonicInstant(nanoseconds: 2))
        #expect(MonotonicInstant(nanoseconds: .max - 1) < .distantFuture)
        #expect(MonotonicInstant.distantFuture + .seconds(1) == .distantFuture)
    }
}
