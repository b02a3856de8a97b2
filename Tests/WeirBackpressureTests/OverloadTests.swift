// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirOverloadModel

@testable import WeirBackpressure

/// The article's two pictures, with and without backpressure, at half to ten times the capacity, in virtual time.
@Suite("Under overload")
struct OverloadTests {
    private static let seconds = 8.0
    private static let warmUp = 3.0

    private func withChain(_ load: Double, processorBound: Bool = true, seed: UInt64 = 1) -> OverloadedServer.Result {
        OverloadedServer(
            chain: .standard(cores: OverloadedServer.cores), isProcessorBound: processorBound, seed: seed
        ).run(load: load, seconds: Self.seconds, warmUp: Self.warmUp)
    }

    private func without(_ load: Double, seed: UInt64 = 1) -> OverloadedServer.Result {
        OverloadedServer(chain: nil, seed: seed).run(load: load, seconds: Self.seconds, warmUp: Self.warmUp)
    }

    private func goodput(_ result: OverloadedServer.Result) -> Double {
        Double(result.answered) / (Self.seconds - Self.warmUp) / OverloadedServer.capacity
    }

    private static let unloadedP99 = OverloadedServer(chain: nil, seed: 1).run(load: 0.1, seconds: 30, warmUp: 0).p99()

    @Test(
        "with the standard chain goodput stays at its peak and accepted calls stay fast",
        arguments: [(1.5, UInt64(1)), (2, 2), (3, 1), (3, 2), (3, 3), (5, 4), (10, 5)])
    func holds(load: Double, seed: UInt64) {
        let result = withChain(load, seed: seed)
        #expect(goodput(result) >= 0.9)
        // Half as much again is the edge: there the queue is now a burst's, now a standing one.
        #expect(result.p99() <= (load < 2 ? 2.5 : 2) * Self.unloadedP99)
        #expect(result.gaveUp == 0)
        #expect(result.rejectionsWithoutTime == 0)
        // Nobody starves.
        let mean = Double(result.answered) / Double(OverloadedServer.clients)
        #expect(result.answeredByClient.allSatisfy { Double($0) >= 0.5 * mean })
    }

    @Test(
        "with the standard chain nothing is turned away at half of the capacity, from the first call on",
        arguments: 1...5)
    func halfLoad(seed: Int) {
        let result = OverloadedServer(chain: .standard(cores: OverloadedServer.cores), seed: UInt64(seed)).run(
            load: 0.5, seconds: Self.seconds, warmUp: 0)
        #expect(result.rejected == 0)
        #expect(result.gaveUp == 0)
        #expect(result.answered > 1400)
        #expect(result.p99() <= 2 * Self.unloadedP99)
    }

    @Test("without it the same load collapses", arguments: [1.5, 2, 3, 5, 10])
    func collapses(load: Double) {
        let result = without(load)
        #expect(goodput(result) < 0.35)
        #expect(result.answered == 0 || result.p99() > 10 * Self.unloadedP99)
        #expect(result.gaveUp > result.answered)
    }

    @Test("without it half of the capacity is fine, so it is the load that breaks it")
    func fineAtHalf() {
        let result = without(0.5)
        #expect(goodput(result) > 0.45)
        #expect(result.gaveUp == 0)
    }

    @Test("a server that waits for others is not held to its cores: the limit grows to what latency allows")
    func waitingServer() {
        let result = withChain(10, processorBound: false)
        #expect(Double(result.answered) >= 0.99 * Double(result.offered - result.peakRunning))
        #expect(result.p99() <= 1.5 * Self.unloadedP99)
        #expect(result.peakRunning > 5 * OverloadedServer.cores)
    }
}
