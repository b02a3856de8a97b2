// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import WeirBackpressure

@Suite("AdaptiveLimit")
struct AdaptiveLimitTests {
    /// Keeps the windows it is shown, and says what it is told.
    private struct Script: LimitAlgorithm {
        final class Log: Sendable {
            let windows = Mutex<[LatencyWindow]>([])
        }

        let log: Log
        var limits: [Int]
        var limit: Int { limits.first ?? 1 }

        mutating func update(_ window: LatencyWindow) {
            log.windows.withLock { $0.append(window) }
            if limits.count > 1 { limits.removeFirst() }
        }
    }

    private func run(
        _ limit: AdaptiveLimit, from start: Double, for seconds: Double, as outcome: CallOutcome = .succeeded
    ) {
        if let grant = limit.admit(.plain, at: at(start)).grant {
            limit.end(grant, as: outcome, at: at(start + seconds))
        }
    }

    @Test("a window closes with enough calls over enough time, and not before")
    func windows() throws {
        let log = Script.Log()
        let limit = AdaptiveLimit(Script(log: log, limits: [10, 20]), window: .seconds(1), minimumSamples: 5)
        for step in 0..<20 { run(limit, from: Double(step) * 0.01, for: 0.01) }
        #expect(log.windows.withLock { $0.isEmpty })
        run(limit, from: 1, for: 0.1)
        let window = try #require(log.windows.withLock { $0.first })
        #expect(window.samples == 21)
        #expect(window.minimumNanoseconds == 10_000_000)
        #expect(window.meanNanoseconds == (20 * 10_000_000 + 100_000_000) / 21)
        #expect(abs(window.p90Nanoseconds - 10_000_000) < 400_000)
        #expect(abs(window.p99Nanoseconds - 100_000_000) < 4_000_000)
        #expect(window.peakInFlight == 1)
        #expect(!window.wasLimited)
        #expect(limit.limit == 20)
        for step in 0..<4 { run(limit, from: 3 + Double(step), for: 0.01) }
        #expect(log.windows.withLock { $0.count } == 1)
    }

    @Test("a cancelled call is in no window, a failed one gives no latency, a very short one is not counted")
    func outcomes() throws {
        let log = Script.Log()
        let limit = AdaptiveLimit(Script(log: log, limits: [10]), window: .milliseconds(1), minimumSamples: 4)
        for _ in 0..<100 { run(limit, from: 0, for: 50, as: .ignored) }
        for _ in 0..<100 { run(limit, from: 0, for: 0.00005) }
        #expect(log.windows.withLock { $0.isEmpty })
        run(limit, from: 60, for: 1)
        for _ in 0..<3 { run(limit, from: 60, for: 9, as: .failed) }
        let window = try #require(log.windows.withLock { $0.first })
        #expect(window.samples == 1)
        #expect(window.failures == 3)
        #expect(window.meanNanoseconds == 1_000_000_000)
        #expect(limit.inFlight == 0)
    }

    @Test("a window says that the limit kept calls out, and how many ran at most")
    func limited() throws {
        let log = Script.Log()
        let limit = AdaptiveLimit(Script(log: log, limits: [3]), window: .milliseconds(1), minimumSamples: 3)
        let grants = (0..<3).compactMap { _ in limit.admit(.plain, at: at(0)).grant }
        #expect(limit.admit(.plain, at: at(0)).rejection?.reason == .adaptiveLimit)
        #expect(limit.load(at: at(0)) == 1)
        for grant in grants { limit.end(grant, as: .succeeded, at: at(1)) }
        let window = try #require(log.windows.withLock { $0.first })
        #expect(window.wasLimited)
        #expect(window.peakInFlight == 3)
        #expect(limit.admit(.plain, at: at(1)).grant != nil)
    }

    @Test("a stream is timed to its first response and gives its place back with it")
    func streams() throws {
        let log = Script.Log()
        let chain = AdmissionChain(limits: [
            AdaptiveLimit(Script(log: log, limits: [1]), window: .milliseconds(1), minimumSamples: 1)
        ])
        let stream = CallFacts(method: "s/m", isStreaming: true)
        let permit = try #require(chain.admit(stream, at: at(0)).permit)
        #expect(chain.admit(stream, at: at(0)).rejection != nil)
        permit.responseStarted(at: at(0.5))
        let second = try #require(chain.admit(stream, at: at(1)).permit)
        permit.responseStarted(at: at(5))
        permit.succeeded(at: at(3600))
        #expect(chain.admit(stream, at: at(3600)).rejection != nil)
        second.ignored(at: at(3600))
        #expect(log.windows.withLock { $0.map(\.meanNanoseconds) } == [500_000_000])
    }

    @Test("a changed limit is an event")
    func events() {
        let recorder = EventRecorder()
        let limit = AdaptiveLimit(
            Script(log: Script.Log(), limits: [5, 7, 7]), window: .milliseconds(1), minimumSamples: 1,
            observer: recorder)
        run(limit, from: 0, for: 1)
        run(limit, from: 2, for: 1)
        #expect(recorder.events == [.limitChanged(policy: "adaptive", from: 5, to: 7)])
    }
}
