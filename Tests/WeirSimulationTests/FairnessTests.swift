// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirServer
import WeirSimulation
import WeirTesting

@Suite("Equal streams on one connection, over a link")
struct FairnessTests {
    /// What one stream received in each interval.
    private final class Meter {
        var bytes: [Int32: Int] = [:]
        /// Bytes of all streams since each one's last DATA frame.
        var sinceTurn: [Int32: Int] = [:]
        var longestGap = 0
        var isMeasuring = false
    }

    /// A client of 32 calls that notes which stream each DATA frame belongs to.
    private func run(payloadBytes: UInt32, window: Int) throws -> (jain: Double, longestGap: Int) {
        let clock = VirtualClock()
        let simulation = try Simulation(clock: clock, services: [PatternService(clock: clock)])
        var profile = SteadyClient(
            try .pattern(chunks: 0, payloadBytes: payloadBytes), calls: 32, concurrency: 32)
        profile.session.streamWindowBytes = window
        profile.session.connectionWindowBytes = 16 * window
        let link = LinkConfiguration(latency: .milliseconds(20), bytesPerSecond: 4_000_000)
        let client = simulation.connect(profile, over: link, keeping: .counts)
        let meter = Meter()
        client.onFrame = { header in
            guard meter.isMeasuring, header.kind == .data else { return }
            meter.bytes[header.stream, default: 0] += header.length
            meter.longestGap = max(meter.longestGap, meter.sinceTurn[header.stream, default: 0])
            for id in stride(from: Int32(1), through: 63, by: 2) { meter.sinceTurn[id, default: 0] += header.length }
            meter.sinceTurn[header.stream] = 0
        }
        try simulation.run(for: .seconds(5))
        meter.isMeasuring = true
        try simulation.run(for: .seconds(20))
        let shares = stride(from: Int32(1), through: 63, by: 2).map { Double(meter.bytes[$0, default: 0]) }
        let sum = shares.reduce(0, +)
        let squares = shares.reduce(0) { $0 + $1 * $1 }
        #expect(sum > 20 * 2_000_000)
        #expect(try simulation.shutDown())
        return (squares == 0 ? 0 : sum * sum / (32 * squares), meter.longestGap)
    }

    @Test("32 streams get equal parts, and none waits longer than two rounds", arguments: [1_000, 4_000, 16_000])
    func equal(payloadBytes: UInt32) throws {
        let figures = try run(payloadBytes: payloadBytes, window: 256 * 1024)
        #expect(figures.jain >= 0.99)
        // A round: each of 32 streams moves a quantum of 16 KiB.
        #expect(figures.longestGap <= 2 * 32 * 16_384)
    }
}
