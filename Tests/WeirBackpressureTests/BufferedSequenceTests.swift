// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import WeirBackpressure

@Suite("A buffered sequence", .timeLimit(.minutes(2)))
struct BufferedSequenceTests {
    private struct Broken: Error {}

    @Test("dropOldest: the source is never held up, the newest are there, and every message is accounted for")
    func dropOldest() async throws {
        let source = ScriptedSource(count: 1000)
        let recorder = EventRecorder()
        var iterator = source.buffered(.dropOldest(capacity: 10), observer: recorder).makeAsyncIterator()
        let first = try #require(try await iterator.next())
        await source.isExhausted.wait()
        source.go.set()
        var rest: [Int] = []
        while let number = try await iterator.next() { rest.append(number) }
        // The first was taken somewhere on the way, possibly of the last ten.
        #expect(rest == Array(990..<1000).filter { $0 > first })
        let counts = iterator.counts
        #expect(counts.offered == 1000)
        #expect(counts.delivered == UInt64(rest.count + 1))
        #expect(counts.dropped == UInt64(999 - rest.count))
        #expect(counts.held == 0)
        let reported = recorder.events.reduce(0) {
            if case .dropped("drop_oldest", let count) = $1 { $0 + count } else { $0 }
        }
        #expect(reported == 999 - rest.count)
    }

    @Test("suspend: nothing is lost, and the source is at most the capacity and one message ahead")
    func suspend() async throws {
        let source = ScriptedSource(count: 5000)
        source.go.set()
        var taken = 0
        for try await number in source.buffered(.suspend(capacity: 3)) {
            #expect(number == taken)
            taken += 1
            #expect(source.pulled.value <= taken + 3 + 1)
        }
        #expect(taken == 5000)
    }

    @Test("suspend in bytes: a large message waits for several small ones to go")
    func suspendBytes() async throws {
        let source = ScriptedSource(count: 500)
        source.go.set()
        var taken: [Int] = []
        let buffered = source.buffered(.suspend(capacity: 100, bytes: 60), bytes: { $0 % 7 == 0 ? 60 : 10 })
        for try await number in buffered { taken.append(number) }
        #expect(taken == Array(0..<500))
    }

    @Test("fail: what is held is delivered, then the overflow is thrown, once")
    func fail() async throws {
        let source = ScriptedSource(count: 1000)
        var iterator = source.buffered(.fail(capacity: 4)).makeAsyncIterator()
        var taken: [Int] = []
        do {
            // The first `next` starts the source, which then runs into the full buffer.
            taken.append(try #require(try await iterator.next()))
            await source.wasLetGo.wait()
            while let number = try await iterator.next() { taken.append(number) }
            Issue.record("it did not overflow")
        } catch {
            #expect(error as? BufferOverflow == .full(capacity: 4))
        }
        #expect(taken == Array(0..<taken.count))
        #expect(try await iterator.next() == nil)
    }

    @Test("what the source throws comes after everything that is held")
    func sourceFails() async throws {
        let source = ScriptedSource(count: 5, failure: Broken())
        var iterator = source.buffered(.suspend(capacity: 100)).makeAsyncIterator()
        var taken = [try #require(try await iterator.next())]
        await source.isExhausted.wait()
        source.go.set()
        await #expect(throws: Broken.self) {
            while let number = try await iterator.next() { taken.append(number) }
        }
        #expect(taken == [0, 1, 2, 3, 4])
        #expect(try await iterator.next() == nil)
    }

    @Test("an iterator that goes away cancels its source and drops what is held")
    func iteratorGone() async throws {
        let source = ScriptedSource(count: 5)
        let recorder = EventRecorder()
        do {
            var iterator = source.buffered(.suspend(capacity: 100), observer: recorder).makeAsyncIterator()
            _ = try await iterator.next()
            await source.isExhausted.wait()
        }
        await source.wasCancelled.wait()
        #expect(recorder.events == [.dropped(policy: "suspend", count: 4)])
    }

    @Test("an iterator that goes away cancels a source that waits for room")
    func iteratorGoneWhileSuspended() async throws {
        let ended = Signal()
        do {
            let witness = Witness(ended)
            let source = AsyncStream<Int>(unfolding: { withExtendedLifetime(witness) { 1 } })
            var iterator = source.buffered(.suspend(capacity: 1)).makeAsyncIterator()
            #expect(try await iterator.next() == 1)
            while iterator.counts.held < 1 { await Task.yield() }
        }
        await ended.wait()
    }

    @Test("a cancelled consumer gets an error at once, and its source is cancelled")
    func consumerCancelled() async {
        let source = ScriptedSource(count: 1)
        let task = Task {
            var taken = 0
            do {
                for try await _ in source.buffered(.latest) { taken += 1 }
                return (taken, false)
            } catch { return (taken, error is CancellationError) }
        }
        await source.isExhausted.wait()
        task.cancel()
        let (taken, wasCancelled) = await task.value
        #expect(taken <= 1)
        #expect(wasCancelled)
        await source.wasCancelled.wait()
    }

    @Test("nothing runs before the first next")
    func lazy() async {
        let source = ScriptedSource(count: 10)
        let iterator = source.buffered(.dropNewest(capacity: 5)).makeAsyncIterator()
        for _ in 0..<100 { await Task.yield() }
        #expect(iterator.counts.offered == 0)
        #expect(source.pulled.value == 0)
    }

    @Test("suspend with a timeout: the source waits so long for room, and then the sequence fails")
    func timeout() async throws {
        let clock = ManualClock()
        let source = ScriptedSource(count: 100)
        var iterator = source.buffered(.suspend(timeout: .seconds(5), capacity: 2), clock: clock).makeAsyncIterator()
        #expect(try await iterator.next() == 0)
        await clock.untilSomebodySleeps()
        clock.advance(by: .seconds(4))
        // Room in time: the wait begins anew for the next message.
        #expect(try await iterator.next() == 1)
        while iterator.counts.offered < 4 { await Task.yield() }
        await clock.untilSomebodySleeps()
        clock.advance(by: .seconds(5))
        await source.wasLetGo.wait()
        #expect(source.pulled.value == 5)
        var taken: [Int] = []
        do {
            while let number = try await iterator.next() { taken.append(number) }
            Issue.record("it did not time out")
        } catch {
            #expect(error as? BufferOverflow == .timedOut(after: .seconds(5)))
        }
        #expect(taken == [2, 3])
    }

    @Test("sample: one message per interval, the newest")
    func sample() async throws {
        let clock = ManualClock()
        let source = ScriptedSource(count: 100)
        var iterator = source.buffered(.sample(every: .seconds(10)), clock: clock).makeAsyncIterator()
        let first = try #require(try await iterator.next())
        await source.isExhausted.wait()
        source.go.set()
        guard first < 99 else { return }
        async let waker: Void = {
            await clock.untilSomebodySleeps()
            clock.advance(by: .seconds(10))
        }()
        #expect(try await iterator.next() == 99)
        await waker
        #expect(try await iterator.next() == nil)
        #expect(iterator.counts.delivered + iterator.counts.dropped == 100)
    }

    @Test("conflate: the newest value of each key is there at the end")
    func conflate() async throws {
        let source = ScriptedSource(count: 1000)
        var iterator = source.buffered(.conflate(by: { $0 % 5 }, capacity: 5)).makeAsyncIterator()
        var newest: [Int: Int] = [:]
        let first = try #require(try await iterator.next())
        newest[first % 5] = first
        await source.isExhausted.wait()
        source.go.set()
        while let number = try await iterator.next() { newest[number % 5] = number }
        #expect(newest == [0: 995, 1: 996, 2: 997, 3: 998, 4: 999])
    }

    @Test("a source that can be paused is told to pause and to go on, in turns")
    func watermarks() async throws {
        let changes = Mutex<[FlowChange]>([])
        let source = ScriptedSource(count: 20_000)
        source.go.set()
        let buffered = source.buffered(
            .suspend(capacity: 16), watermarks: Watermarks(pauseAbove: 8),
            onFlowChange: { change in changes.withLock { $0.append(change) } })
        for try await number in buffered where number % 64 == 0 { await Task.yield() }
        let seen = changes.withLock { $0 }
        #expect(seen.first == .pause)
        #expect(seen.last == .resume)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 != $1 })
    }
}
