// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import WeirDataService

/// A clock whose time moves when it is told to, or when somebody sleeps.
private final class ManualClock: LiveClock {
    private struct State {
        var now: Duration = .seconds(1_000)
        var sleeps: [Duration] = []
        var oversleep: Duration = .zero
    }

    private let state = Mutex(State())

    /// The instants that were waited for.
    var sleeps: [Duration] { state.withLock { $0.sleeps } }

    /// Lets time pass.
    func advance(by duration: Duration) { state.withLock { $0.now += duration } }

    /// Makes every sleep last too long, or, when negative, too short once.
    func oversleep(by duration: Duration) { state.withLock { $0.oversleep = duration } }

    func now() -> Duration { state.withLock { $0.now } }

    func unixMilliseconds() -> Int64 { 1_700_000_000_000 + now().components.seconds }

    func sleep(until deadline: Duration) async throws {
        try Task.checkCancellation()
        state.withLock {
            $0.sleeps.append(deadline)
            $0.now = max($0.now, deadline + $0.oversleep)
            if $0.oversleep < .zero { $0.oversleep = .zero }
        }
    }
}

/// A clock on which nothing is ever due again: whoever sleeps is told so by `asleep`, and wakes only when cancelled.
private final class StandingClock: LiveClock {
    let asleep: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() { (asleep, signal) = AsyncStream.makeStream() }

    func now() -> Duration { .zero }

    func unixMilliseconds() -> Int64 { 0 }

    func sleep(until deadline: Duration) async throws {
        signal.yield()
        // A stream that nobody feeds ends when its reader is cancelled, and not before.
        let (silence, feeder) = AsyncStream<Void>.makeStream()
        for await _ in silence {}
        withExtendedLifetime(feeder) {}
        throw CancellationError()
    }
}

@Suite("The ticker", .timeLimit(.minutes(5)))
struct LiveTicksTests {
    private func ticks(
        _ clock: any LiveClock, rate: Double = 10, start: UInt64 = 0, limit: UInt64 = 0
    ) throws -> LiveTicks {
        try LiveTicks(DatasetRequest(name: "live", startSequence: start, maxChunks: limit), rate: rate, clock: clock)
    }

    @Test("Tick k is due k/rate after the first, which is due at once")
    func instants() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock)
        for expected in UInt64(0)..<5 {
            let tick = try #require(try await ticks.next())
            #expect(tick.sequence == expected)
            #expect(tick.dropped == 0)
        }
        #expect(clock.sleeps == (1...4).map { .seconds(1_000) + .milliseconds(100 * $0) })
    }

    @Test("A tick is one line with its number and the time")
    func payload() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock, rate: 1, start: 41)
        #expect(try await ticks.next()?.text == "tick 41 1700000001000\n")
        #expect(try await ticks.next()?.text == "tick 42 1700000001001\n")
    }

    @Test("The instants do not drift when the consumer takes its time within a period, or wakes late")
    func noDrift() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock)
        clock.oversleep(by: .milliseconds(30))
        for expected in UInt64(0)..<20 {
            let tick = try #require(try await ticks.next())
            #expect(tick.sequence == expected)
            #expect(tick.dropped == 0)
            clock.advance(by: .milliseconds(20))
        }
        #expect(clock.sleeps.last == .seconds(1_000) + .milliseconds(1_900))
    }

    @Test("A slow consumer gets the latest tick that is due and is told how many it missed")
    func skipping() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock)
        #expect(try await ticks.next()?.sequence == 0)
        clock.advance(by: .milliseconds(1_050))
        let late = try #require(try await ticks.next())
        #expect(late.sequence == 10)
        #expect(late.dropped == 9)
        #expect(clock.sleeps.isEmpty)
        let next = try #require(try await ticks.next())
        #expect(next.sequence == 11)
        #expect(next.dropped == 0)
        #expect(clock.now() == .seconds(1_000) + .milliseconds(1_100))
    }

    @Test("At the very instant of a tick the tick is due, and just before it is not")
    func boundary() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock)
        _ = try await ticks.next()
        clock.advance(by: .milliseconds(200))
        #expect(try await ticks.next()?.dropped == 1)
        clock.advance(by: .milliseconds(100) - .nanoseconds(1))
        #expect(try await ticks.next()?.sequence == 3)
        #expect(clock.sleeps == [.seconds(1_000) + .milliseconds(300)])
    }

    @Test("A clock that wakes too early is waited for again")
    func earlyWake() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock)
        _ = try await ticks.next()
        clock.oversleep(by: .milliseconds(-10))
        #expect(try await ticks.next()?.sequence == 1)
        #expect(clock.sleeps.count == 2)
        #expect(clock.now() == .seconds(1_000) + .milliseconds(100))
    }

    @Test(
        "Every tick is sent or counted as dropped, at any rate and pace",
        arguments: [0.001, 0.3, 1, 3, 7, 60, 999.9, 1_000_000])
    func conservation(rate: Double) async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock, rate: rate)
        var generator = SplitMix(state: UInt64(rate * 1_000))
        var accounted: UInt64 = 0
        for _ in 0..<500 {
            let tick = try #require(try await ticks.next())
            accounted += tick.dropped + 1
            #expect(tick.sequence + 1 == accounted)
            clock.advance(by: .microseconds(Int64(generator.next() % UInt64(4_000_000 / rate + 1))))
        }
    }

    @Test("The limit counts the ticks that are sent", arguments: [1, 3, 10])
    func limit(_ limit: UInt64) async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock, limit: limit)
        var count: UInt64 = 0
        while try await ticks.next() != nil {
            count += 1
            clock.advance(by: .seconds(1))
        }
        #expect(count == limit)
        let waiting = try self.ticks(clock, limit: 1)
        #expect(try await waiting.next()?.sequence == 0)
        #expect(try await waiting.next() == nil)
        // The end is known without waiting for the tick that will not be sent.
        #expect(clock.sleeps.isEmpty)
    }

    @Test("The numbers end at the largest there is, and skipping over it ends the stream")
    func lastSequence() async throws {
        let clock = ManualClock()
        let ticks = try ticks(clock, start: .max - 1)
        #expect(try await ticks.next()?.sequence == .max - 1)
        #expect(try await ticks.next()?.sequence == .max)
        #expect(try await ticks.next() == nil)
        let skipping = try self.ticks(clock, start: .max - 1)
        _ = try await skipping.next()
        clock.advance(by: .seconds(10))
        #expect(try await skipping.next() == nil)
        #expect(try await skipping.next() == nil)
    }

    @Test("A cancelled task that waits for a tick ends at once")
    func cancellation() async throws {
        let clock = StandingClock()
        let fixture = try DatasetFixture(clock: clock)
        let catalog = fixture.catalog
        let task = Task {
            var reader = try await catalog.open(DatasetRequest(name: "live"))
            #expect(try await reader.next()?.sequence == 0)
            _ = try await reader.next()
        }
        for await _ in clock.asleep { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("The clock of the machine goes on, and does not wait for what is past")
    func systemClock() async throws {
        let clock = SystemLiveClock()
        let first = clock.now()
        try await clock.sleep(until: first - .seconds(1))
        #expect(clock.now() >= first)
        // Some instant between 2020 and 2200.
        #expect((1_577_836_800_000...7_258_118_400_000).contains(clock.unixMilliseconds()))
    }
}

/// A small seeded generator.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 31)
    }
}
