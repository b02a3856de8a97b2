// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirServer
import WeirSimulation

@Suite("A fleet of mixed clients")
struct FleetTests {
    @Test("100 clients for 5 minutes: the good lose nothing, the stalled end on time, nothing is left; twice the same")
    func mixed() throws {
        let first = try Fleet(clients: 100, duration: .seconds(300), seed: 1).run()
        #expect(first.problems == [])
        #expect(first.messages > 5_000)
        #expect(first.stalls.values.reduce(0, +) > 50)
        #expect(first.connectionStalls >= 1)
        let second = try Fleet(clients: 100, duration: .seconds(300), seed: 1).run()
        #expect(first == second)
    }

    @Test("other seeds, other runs, the same promise", arguments: [2, 3, 4])
    func seeds(seed: UInt64) throws {
        let report = try Fleet(clients: 100, duration: .seconds(120), seed: seed).run()
        #expect(report.problems == [])
    }
}
