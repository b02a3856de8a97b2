// SPDX-License-Identifier: Apache-2.0

import OverloadModel
import WeirBackpressure

/// What stands before the handlers of an overloaded server.
struct CallStrategy: Sendable {
    var name: String
    var meaning: String
    /// Nil: nothing.
    var chain: @Sendable () -> AdmissionChain?

    static let none = CallStrategy(name: "none", meaning: "every call runs at once", chain: { nil })
    static let standard = CallStrategy(
        name: "default", meaning: "adaptive limit behind a short queue with controlled delay",
        chain: { .standard(cores: OverloadedServer.cores) })

    static let all: [CallStrategy] = [
        none, standard,
        CallStrategy(
            name: "concurrencyLimit", meaning: "8 calls at a time, the rest is turned away",
            chain: { AdmissionChain(limits: [ConcurrencyLimit(OverloadedServer.cores)]) }),
        CallStrategy(
            name: "longQueue", meaning: "8 at a time, 10,000 may wait: the article's queue that only adds latency",
            chain: {
                AdmissionChain(
                    queue: BoundedQueue(capacity: 10_000, discipline: .firstInFirstOut(timeout: .seconds(10))),
                    limits: [ConcurrencyLimit(OverloadedServer.cores)])
            }),
        CallStrategy(
            name: "boundedQueue", meaning: "8 at a time, 128 may wait, controlled delay",
            chain: {
                AdmissionChain(
                    queue: BoundedQueue(capacity: 128), limits: [ConcurrencyLimit(OverloadedServer.cores)])
            }),
        CallStrategy(
            name: "rateLimit", meaning: "20 calls a second for each of the 20 clients",
            chain: { AdmissionChain([RateLimit(perSecond: 20, burst: 10)]) }),
        CallStrategy(
            name: "adaptive.gradient", meaning: "the limit follows the latency's gradient",
            chain: {
                AdmissionChain(limits: [
                    AdaptiveLimit(
                        Gradient2Limit.server(cores: OverloadedServer.cores), window: .milliseconds(100),
                        minimumSamples: 20)
                ])
            }),
        CallStrategy(
            name: "adaptive.aimd", meaning: "one more after a good window, a tenth less after a bad one",
            chain: {
                AdmissionChain(limits: [
                    AdaptiveLimit(
                        AIMDLimit(initial: 8, minimum: 8, timeout: .milliseconds(100)), window: .milliseconds(100))
                ])
            }),
        CallStrategy(
            name: "adaptive.vegas", meaning: "the limit keeps the estimated queue short",
            chain: {
                var generator = SystemRandomNumberGenerator()
                return AdmissionChain(limits: [
                    AdaptiveLimit(VegasLimit(using: &generator), window: .milliseconds(100))
                ])
            }),
        CallStrategy(
            name: "adaptive.p99", meaning: "down while p99 is above 60 ms, up while it is below half of that",
            chain: {
                AdmissionChain(limits: [
                    AdaptiveLimit(
                        ObjectiveLimit(p99: .milliseconds(60), minimum: OverloadedServer.cores),
                        window: .milliseconds(200))
                ])
            }),
        CallStrategy(
            name: "loadShedding", meaning: "low priority above 70 % of 24 places, all but critical above 90 %",
            chain: {
                let limit = ConcurrencyLimit(3 * OverloadedServer.cores)
                return AdmissionChain([LoadShedding(by: limit)], limits: [limit])
            }),
        CallStrategy(
            name: "bulkhead", meaning: "16 places, 6 of them for high priority, low priority at most 4",
            chain: {
                AdmissionChain([
                    Bulkhead(
                        capacity: 2 * OverloadedServer.cores, by: .priority,
                        partitions: ["high": .init(guaranteed: 6), "low": .init(guaranteed: 0, maximum: 4)])
                ])
            }),
        CallStrategy(
            name: "circuitBreaker",
            meaning: "5 calls in a row that ran into their deadline close the door for a second",
            chain: {
                AdmissionChain([
                    CircuitBreaker(failureThreshold: 5, resetTimeout: .seconds(1), probes: 8, successes: 8)
                ])
            }),
    ]
}

extension CallStrategy {
    /// What a running call and a waiting one take in memory, in bytes: task, request and stream, or facts and place.
    private static let (runningBytes, waitingBytes) = (8_192, 3_072)
    static let (seconds, warmUp) = (20.0, 5.0)
    static let unloadedP99 = OverloadedServer(chain: nil, seed: 1).run(load: 0.1, seconds: 30, warmUp: 0).p99()

    /// The strategy under a load.
    func row(load: Double, seed: UInt64) -> Row {
        let result = OverloadedServer(chain: chain(), seed: seed).run(
            load: load, seconds: Self.seconds, warmUp: Self.warmUp)
        let done = Double(result.answered) / (Self.seconds - Self.warmUp) / OverloadedServer.capacity
        // Nobody was answered: it took longer than anybody waits.
        let patience = Double(OverloadedServer.patience) / 1e6
        let (p50, p99) = result.answered > 0 ? (result.latency(0.5), result.p99()) : (patience, patience)
        return Row(
            scenario: .calls, strategy: name, load: load, goodput: done, p50: p50, p99: p99,
            p99OverUnloaded: p99 / Self.unloadedP99,
            rejected: Double(result.rejected) / Double(max(1, result.offered)), dropped: 0,
            peakQueue: result.peakRunning + result.peakWaiting,
            peakMemoryBytes: result.peakRunning * Self.runningBytes + result.peakWaiting * Self.waitingBytes)
    }
}
