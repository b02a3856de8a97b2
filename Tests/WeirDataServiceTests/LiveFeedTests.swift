// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import WeirBackpressure

@testable import WeirDataService

/// A clock whose time moves only when it is told to; who sleeps until then is woken.
private final class GatedClock: LiveClock {
    private struct State {
        var now: Duration = .zero
        var sleepers: [(deadline: Duration, wake: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())

    func now() -> Duration { state.withLock { $0.now } }

    func unixMilliseconds() -> Int64 { 0 }

    func sleep(until deadline: Duration) async throws {
        let (signal, wake) = AsyncStream<Void>.makeStream()
        let mustWait = state.withLock { state in
            guard state.now < deadline else { return false }
            state.sleepers.append((deadline, wake))
            return true
        }
        if mustWait { for await _ in signal { break } }
        try Task.checkCancellation()
    }

    func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.now += duration
            let now = state.now
            let due = state.sleepers.filter { $0.deadline <= now }
            state.sleepers.removeAll { $0.deadline <= now }
            return due
        }
        for sleeper in woken { sleeper.wake.yield() }
    }

    /// Whether somebody sleeps until this instant: everything before it has happened.
    func sleeps(until deadline: Duration) -> Bool {
        state.withLock { state in state.sleepers.contains { $0.deadline == deadline } }
    }
}

@Suite("The ticker behind a buffer", .timeLimit(.minutes(5)))
struct LiveFeedTests {
    private let clock = GatedClock()

    private func feed(_ policy: LivePolicy, limit: UInt64 = 0) throws -> LiveFeed {
        try LiveFeed(
            DatasetRequest(name: "live", startSequence: 0, maxChunks: limit), rate: 10, clock: clock, policy: policy)
    }

    /// Lets so many ticks become due while nobody reads, and waits until the ticker has made them all.
    private func pass(_ ticks: Int, next: Int) async {
        clock.advance(by: .milliseconds(100 * ticks))
        while !clock.sleeps(until: .milliseconds(100 * next)) { await Task.yield() }
    }

    private func read(_ count: Int, of feed: LiveFeed) async throws -> [[UInt64]] {
        var chunks: [[UInt64]] = []
        for _ in 0..<count {
            let chunk = try #require(try await feed.next())
            chunks.append([chunk.sequence, chunk.dropped])
        }
        return chunks
    }

    @Test("dropOldest gives the newest ticks and says how many are missing before them")
    func dropOldest() async throws {
        let feed = try feed(.dropOldest(capacity: 3))
        #expect(try await read(1, of: feed) == [[0, 0]])
        await pass(10, next: 11)
        #expect(try await read(3, of: feed) == [[8, 7], [9, 0], [10, 0]])
        #expect(feed.dropped == 7)
    }

    @Test("dropNewest gives the oldest ticks and says what is missing once it goes on")
    func dropNewest() async throws {
        let feed = try feed(.dropNewest(capacity: 3))
        #expect(try await read(1, of: feed) == [[0, 0]])
        await pass(10, next: 11)
        #expect(try await read(3, of: feed) == [[1, 0], [2, 0], [3, 0]])
        await pass(1, next: 12)
        #expect(try await read(1, of: feed) == [[11, 7]])
        #expect(feed.dropped == 7)
    }

    @Test("suspend loses nothing, and the ticker catches up at once")
    func suspend() async throws {
        let feed = try feed(.suspend(capacity: 2))
        #expect(try await read(1, of: feed) == [[0, 0]])
        clock.advance(by: .seconds(1))
        #expect(try await read(10, of: feed) == (1...10).map { [$0, 0] })
        #expect(feed.dropped == 0)
    }

    @Test("fail ends the stream when it falls too far behind, after what is held")
    func fails() async throws {
        let feed = try feed(.fail(capacity: 2))
        #expect(try await read(1, of: feed) == [[0, 0]])
        clock.advance(by: .seconds(1))
        await #expect(throws: BufferOverflow.full(capacity: 2)) {
            while try await feed.next() != nil {}
        }
    }

    @Test(
        "what was made is what was read and what was lost, under each policy that loses",
        arguments: [LivePolicy.dropOldest(capacity: 3), .dropNewest(capacity: 3)])
    func conservation(policy: LivePolicy) async throws {
        let feed = try feed(policy)
        var accounted: UInt64 = 0
        for round in 0..<20 {
            // More ticks come than are read, so there always is one.
            if round > 0 { clock.advance(by: .milliseconds(100 * (1 + round % 5))) }
            let chunk = try #require(try await feed.next())
            accounted += 1 + chunk.dropped
            #expect(chunk.sequence + 1 == accounted)
        }
        #expect(feed.dropped > 0)
    }

    @Test("the request's limit counts the ticks that are sent")
    func limit() async throws {
        let feed = try feed(.dropOldest(capacity: 100), limit: 3)
        _ = try await read(1, of: feed)
        clock.advance(by: .seconds(1))
        _ = try await read(2, of: feed)
        #expect(try await feed.next() == nil)
    }

    @Test(
        "policies are read as they are written",
        arguments: [
            "latest", "dropOldest:1000", "dropNewest:1", "suspend:100", "suspend:5s:100", "sample:1s", "fail:1000000",
        ])
    func texts(text: String) throws {
        let seconds = { (text: String) -> Duration? in
            text.hasSuffix("s") ? Int(text.dropLast()).map { .seconds($0) } : nil
        }
        let policy = try #require(LivePolicy(text, duration: seconds))
        #expect(policy.text { "\($0.components.seconds)s" } == text)
    }

    @Test(
        "what is no policy is none",
        arguments: [
            "", "latest:1", "dropOldest", "dropOldest:0", "dropOldest:x", "dropOldest:1000001", "suspend:0s:5",
            "sample:0s",
            "sample:5", "conflate:5", "dropOldest:5:5", "fail:-1",
        ])
    func notAPolicy(text: String) {
        #expect(LivePolicy(text, duration: { $0.hasSuffix("s") ? .seconds(Int($0.dropLast()) ?? 0) : nil }) == nil)
    }
}
