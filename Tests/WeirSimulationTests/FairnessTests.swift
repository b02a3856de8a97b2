// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirSimulation

@Suite("Equal streams on one connection, over a link")
struct FairnessTests {
    @Test("32 streams get equal parts, and none waits longer than two rounds", arguments: [1_000, 4_000, 16_000])
    func equal(payloadBytes: UInt32) throws {
        let figures = try EqualStreams(payloadBytes: payloadBytes).run()
        #expect(figures.bytes > 20 * 2_000_000)
        #expect(figures.jainIndex >= 0.99)
        #expect(figures.longestGapRounds <= 2)
        #expect(figures.isClean)
    }
}
