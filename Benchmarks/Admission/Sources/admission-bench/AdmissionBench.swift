// SPDX-License-Identifier: Apache-2.0

import WeirBackpressure

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Prints what it costs to let a call in and end it, or to turn it away, in nanoseconds of one core.
@main
struct AdmissionBench {
    static let rounds = 400_000

    static func main() {
        let call = CallFacts(method: "bench.Service/Method", peer: "192.0.2.1", priority: .normal)
        func chain(_ gates: [any AdmissionPolicy], limits: [any AdmissionPolicy] = []) -> AdmissionChain {
            AdmissionChain(gates, limits: limits)
        }
        let many = 1_000_000_000
        admit("ConcurrencyLimit", chain([ConcurrencyLimit(10)]), call)
        admit("RateLimit", chain([RateLimit(perSecond: 1e9, burst: many)]), call)
        admit("StreamLimit", chain([StreamLimit(maximumStreams: 10)]), call)
        let bulkhead = Bulkhead(capacity: 9, by: .priority, partitions: ["normal": .init(guaranteed: 4)])
        admit("Bulkhead", chain([bulkhead]), call)
        admit("LoadShedding, thresholds", chain([LoadShedding(by: ReportedLoad())]), call)
        admit("LoadShedding, smooth", chain([LoadShedding(by: ReportedLoad(), rule: .smooth)]), call)
        admit("CircuitBreaker", chain([CircuitBreaker()]), call)
        admit("AdaptiveLimit, gradient2", chain([AdaptiveLimit(Gradient2Limit.server(cores: 8))]), call)
        admit("the standard chain", .standard(cores: 8), call)
        let limit = AdaptiveLimit(Gradient2Limit.server(cores: 8))
        admit(
            "shedding, breaker, rate, bulkhead, queue, gradient2",
            AdmissionChain(
                [
                    LoadShedding(by: limit), CircuitBreaker(), RateLimit(perSecond: 1e9, burst: many),
                    Bulkhead(capacity: 9, by: .priority, partitions: [:]),
                ], queue: BoundedQueue(capacity: 128), limits: [limit]), call)
        let full = AdmissionChain(
            [RateLimit(perSecond: 1e9, burst: many), ConcurrencyLimit(1)], name: "full")
        let held = full.admit(call, at: PolicyInstant(nanoseconds: 0))
        reject("turned away by the second of two", full, call)
        withExtendedLifetime(held) {}
    }

    private static func admit(_ name: String, _ chain: AdmissionChain, _ call: CallFacts) {
        report(name) { now in
            if case .admit(let permit) = chain.admit(call, at: now, onTurn: { _ in }) { permit.succeeded(at: now) }
        }
    }

    private static func reject(_ name: String, _ chain: AdmissionChain, _ call: CallFacts) {
        report(name) { now in
            guard case .reject = chain.admit(call, at: now) else { fatalError("it was let in") }
        }
    }

    /// Processor time, not wall time, and the best of five runs: what else runs on the machine counts for little.
    private static func report(_ name: String, _ body: (PolicyInstant) -> Void) {
        var best = Double.infinity
        for run in 0..<5 {
            let start = clock()
            for round in 0..<rounds { body(PolicyInstant(nanoseconds: Int64(run * rounds + round) * 1000)) }
            best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC))
        }
        let nanoseconds = String(Int(best / Double(rounds) * 1e9))
        print("\(String(repeating: " ", count: max(0, 6 - nanoseconds.utf8.count)))\(nanoseconds) ns  \(name)")
    }
}
