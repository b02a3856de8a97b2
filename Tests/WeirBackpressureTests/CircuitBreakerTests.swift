// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import WeirRPC

@testable import WeirBackpressure

@Suite("CircuitBreaker")
struct CircuitBreakerTests {
    private func fail(_ breaker: CircuitBreaker, times: Int, at now: PolicyInstant) {
        for _ in 0..<times {
            if let grant = breaker.admit(.plain, at: now).grant { breaker.end(grant, as: .failed, at: now) }
        }
    }

    @Test("opens after the threshold of failures in a row; a success in between starts the count anew")
    func opens() throws {
        let breaker = CircuitBreaker(failureThreshold: 3)
        fail(breaker, times: 2, at: at(0))
        breaker.end(try #require(breaker.admit(.plain, at: at(0)).grant), as: .succeeded, at: at(0))
        fail(breaker, times: 2, at: at(0))
        #expect(breaker.breakerState == .closed)
        fail(breaker, times: 1, at: at(0))
        #expect(breaker.breakerState == .open)
    }

    @Test("ignored calls neither open it nor start the count anew")
    func ignored() throws {
        let breaker = CircuitBreaker(failureThreshold: 2)
        fail(breaker, times: 1, at: at(0))
        for _ in 0..<10 { breaker.end(try #require(breaker.admit(.plain, at: at(0)).grant), as: .ignored, at: at(0)) }
        #expect(breaker.breakerState == .closed)
        fail(breaker, times: 1, at: at(0))
        #expect(breaker.breakerState == .open)
    }

    @Test("an open breaker says when it will try again, to the nanosecond; then one probe goes through")
    func halfOpen() throws {
        let breaker = CircuitBreaker(failureThreshold: 1, resetTimeout: .seconds(30))
        fail(breaker, times: 1, at: at(10))
        let rejection = try #require(breaker.admit(.plain, at: at(12)).rejection)
        #expect(rejection == Rejection(.breakerOpen, policy: "breaker", retryAfter: .after(.seconds(28))))
        #expect(breaker.admit(.plain, at: PolicyInstant(nanoseconds: 39_999_999_999)).grant == nil)
        let probe = try #require(breaker.admit(.plain, at: at(40)).grant)
        #expect(breaker.breakerState == .halfOpen)
        #expect(breaker.admit(.plain, at: at(40)).grant == nil)
        breaker.end(probe, as: .succeeded, at: at(41))
        #expect(breaker.breakerState == .closed)
        #expect(breaker.admit(.plain, at: at(41)).grant != nil)
    }

    @Test("a failed probe opens it again, for twice as long up to the most; a success resets that")
    func backoff() throws {
        let breaker = CircuitBreaker(failureThreshold: 1, resetTimeout: .seconds(1), maximumResetTimeout: .seconds(3))
        var now = 0.0
        fail(breaker, times: 1, at: at(now))
        for wait in [1.0, 2, 3, 3] {
            #expect(breaker.admit(.plain, at: at(now + wait - 0.001)).grant == nil)
            now += wait
            breaker.end(try #require(breaker.admit(.plain, at: at(now)).grant), as: .failed, at: at(now))
        }
        now += 3
        breaker.end(try #require(breaker.admit(.plain, at: at(now)).grant), as: .succeeded, at: at(now))
        fail(breaker, times: 1, at: at(now))
        #expect(breaker.admit(.plain, at: at(now + 1)).grant != nil)
    }

    @Test("probes are bounded; a cancelled one makes way for another; all that are asked for must succeed")
    func probes() throws {
        let breaker = CircuitBreaker(failureThreshold: 1, resetTimeout: .seconds(1), probes: 2, successes: 2)
        fail(breaker, times: 1, at: at(0))
        let first = try #require(breaker.admit(.plain, at: at(1)).grant)
        let second = try #require(breaker.admit(.plain, at: at(1)).grant)
        #expect(breaker.admit(.plain, at: at(1)).grant == nil)
        breaker.end(first, as: .ignored, at: at(1))
        let third = try #require(breaker.admit(.plain, at: at(1)).grant)
        breaker.end(second, as: .succeeded, at: at(1))
        #expect(breaker.breakerState == .halfOpen)
        breaker.end(third, as: .succeeded, at: at(1))
        #expect(breaker.breakerState == .closed)
    }

    @Test("what was let in before it opened changes nothing afterwards")
    func oldTerms() throws {
        let breaker = CircuitBreaker(failureThreshold: 1, resetTimeout: .seconds(1))
        let slow = try (0..<3).map { _ in try #require(breaker.admit(.plain, at: at(0)).grant) }
        fail(breaker, times: 1, at: at(0))
        breaker.end(slow[0], as: .succeeded, at: at(0.5))
        #expect(breaker.breakerState == .open)
        let probe = try #require(breaker.admit(.plain, at: at(1)).grant)
        breaker.end(slow[1], as: .succeeded, at: at(1))
        #expect(breaker.breakerState == .halfOpen)
        breaker.end(probe, as: .succeeded, at: at(1))
        breaker.end(slow[2], as: .failed, at: at(1))
        #expect(breaker.breakerState == .closed)
    }

    @Test("in every state at most the allowed probes run, and it never sticks", arguments: 0..<20)
    func property(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let probes = Int.random(in: 1...4, using: &random)
        let breaker = CircuitBreaker(failureThreshold: 2, resetTimeout: .seconds(1), probes: probes, successes: probes)
        var running: [Grant] = []
        var now = 0.0
        for _ in 0..<3000 {
            now += Double.random(in: 0...0.5, using: &random)
            if Bool.random(using: &random) {
                if let grant = breaker.admit(.plain, at: at(now)).grant {
                    running.append(grant)
                    if breaker.breakerState == .halfOpen {
                        #expect(running.count { $0.tag == grant.tag } <= probes)
                    } else {
                        #expect(breaker.breakerState == .closed)
                    }
                }
            } else if !running.isEmpty {
                let grant = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                let outcomes: [CallOutcome] = [.succeeded, .failed, .ignored]
                breaker.end(grant, as: outcomes[Int.random(in: 0..<3, using: &random)], at: at(now))
            }
        }
        for grant in running { breaker.end(grant, as: .ignored, at: at(now)) }
        for _ in 0..<probes {
            if let grant = breaker.admit(.plain, at: at(now + 10)).grant {
                breaker.end(grant, as: .succeeded, at: at(now + 10))
            }
        }
        #expect(breaker.breakerState == .closed)
    }

    // MARK: - Around an operation

    private final class ManualTime: Sendable {
        private let state = Mutex(PolicyInstant(nanoseconds: 0))
        var clock: PolicyClock { PolicyClock(reading: { self.state.withLock { $0 } }) }
        func set(_ now: PolicyInstant) { state.withLock { $0 = now } }
    }

    private struct Broken: Error {}

    @Test("around an operation: its result, its error, and a rejection without running it while open")
    func run() async throws {
        let time = ManualTime()
        let recorder = EventRecorder()
        let breaker = CircuitBreaker(failureThreshold: 1, resetTimeout: .seconds(5), observer: recorder)
        #expect(try await breaker.run(clock: time.clock) { 42 } == 42)
        await #expect(throws: Broken.self) { try await breaker.run(clock: time.clock) { throw Broken() } }
        var runs = 0
        do {
            try await breaker.run(clock: time.clock) { runs += 1 }
            Issue.record("it ran")
        } catch {
            #expect(error.rejection?.retryAfter == .after(.seconds(5)))
        }
        #expect(runs == 0)
        time.set(at(5))
        try await breaker.run(clock: time.clock) { runs += 1 }
        #expect(runs == 1)
        #expect(
            recorder.events == [
                .breakerChanged(policy: "breaker", from: .closed, to: .open),
                .rejected(policy: "breaker", reason: .breakerOpen),
                .breakerChanged(policy: "breaker", from: .open, to: .halfOpen),
                .breakerChanged(policy: "breaker", from: .halfOpen, to: .closed),
            ])
    }

    @Test("a cancelled operation counts for nothing, whatever it throws")
    func cancelled() async {
        let time = ManualTime()
        let breaker = CircuitBreaker(failureThreshold: 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try? await breaker.run(clock: time.clock) { throw Broken() }
        }
        await task.value
        #expect(breaker.breakerState == .closed)
    }

    @Test("what an error says of the other side")
    func outcomes() throws {
        #expect(CircuitBreaker.outcome(of: Broken()) == .failed)
        #expect(CircuitBreaker.outcome(of: CancellationError()) == .ignored)
        #expect(CircuitBreaker.outcome(of: Rejection(.rate, policy: "r", retryAfter: .never)) == .ignored)
        #expect(CircuitBreaker.outcome(of: RPCError(.notFound, "")) == .succeeded)
        #expect(CircuitBreaker.outcome(of: RPCError(.unavailable, "")) == .failed)
        #expect(CircuitBreaker.outcome(of: RPCError(.cancelled, "")) == .ignored)
        var pushedBack = RPCError(.unavailable, "")
        try pushedBack.metadata.add(name: "grpc-retry-pushback-ms", value: "100")
        #expect(CircuitBreaker.outcome(of: pushedBack) == .ignored)
    }
}
