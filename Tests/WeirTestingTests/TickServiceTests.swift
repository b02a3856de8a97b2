// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer
import WeirTesting

@Suite("The tick service")
struct TickServiceTests {
    private let clock = VirtualClock()
    private let watch: ClientCall

    init() throws {
        var request = Demo_WatchRequest()
        request.symbol = "WEIR"
        watch = try ClientCall(Demo_TickService.Method.Watch.descriptor, request)
    }

    @Test("a client that reads gets every tick, in order")
    func steady() throws {
        let simulation = try Simulation(clock: clock, services: [Ticks(clock: clock)])
        let client = simulation.connect(SteadyClient(watch))
        try simulation.run(for: .seconds(60))
        let ticks = try client.response.messages(of: Demo_Tick.self)
        #expect(ticks.count == 600)
        #expect(ticks.map(\.sequence) == Array(0..<600))
        #expect(client.response.statusCode == nil)
    }

    @Test("a client that stops reading is told so after the stall deadline, and costs next to nothing until then")
    func stalled() throws {
        var configuration = ServerConfiguration()
        configuration.stallDeadline = .seconds(30)
        let simulation = try Simulation(clock: clock, configuration: configuration, services: [Ticks(clock: clock)])
        var profile = NeverReadsClient(watch)
        profile.session.streamWindowBytes = 1_000
        let client = simulation.connect(profile)

        try simulation.run(for: .seconds(30))
        #expect(client.response.statusCode == nil)
        #expect(simulation.server.snapshot.suspendedSenders == 1)
        #expect(simulation.server.snapshot.heldBytes < 100)

        try simulation.run(for: .seconds(30))
        #expect(client.response.statusCode == .resourceExhausted)
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.heldBytes == 0)
    }

    @Test("a client that is gone is noticed, and nothing is left")
    func vanished() throws {
        let simulation = try Simulation(clock: clock, services: [Ticks(clock: clock)])
        simulation.connect(VanishClient(watch, afterBytes: 200))
        try simulation.run(for: .seconds(10))
        #expect(simulation.server.snapshot.handlers == 1)
        #expect(try simulation.shutDown())
    }
}
