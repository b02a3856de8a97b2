// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer
import WeirSimulation
import WeirTesting

@Suite("Client profiles against a good server")
struct ProfileTests {
    private let simulation: Simulation
    /// As fast as it is taken, without end.
    private let endless: ClientCall
    /// 400 KB.
    private let finite: ClientCall
    private static let pattern = Pattern(seed: 0, payloadBytes: 1_000)

    init() throws {
        let clock = VirtualClock()
        var configuration = ServerConfiguration()
        configuration.stallDeadline = .seconds(20)
        configuration.tailDeadline = .seconds(20)
        simulation = try Simulation(
            clock: clock, configuration: configuration, services: [PatternService(clock: clock)])
        endless = try .pattern(chunks: 0, payloadBytes: 1_000)
        finite = try .pattern(chunks: 400, payloadBytes: 1_000)
    }

    /// Runs a client for so long; what it received must be right.
    private func run(_ profile: some ClientProfile, for duration: Duration) throws -> SimulatedClient {
        let client = simulation.connect(profile)
        let check = PatternCheck(client, pattern: Self.pattern)
        try simulation.run(for: duration)
        #expect(check.problem == nil)
        #expect(client.understood)
        #expect(simulation.server.peakConnectionHeldBytes < 512 * 1024)
        return client
    }

    /// The causes of the stalls that were reported.
    private var causes: [StreamStalled.Cause] {
        simulation.server.reports.compactMap { report in
            if case .stalled(_, _, let stalled) = report.kind { stalled.cause } else { nil }
        }
    }

    private var connectionStalls: Int {
        simulation.server.reports.count { if case .connectionStalled = $0.kind { true } else { false } }
    }

    private func expectNothingLeft() throws {
        #expect(try simulation.shutDown())
    }

    @Test("steady: everything arrives")
    func steady() throws {
        let client = try run(SteadyClient(finite, calls: 3, concurrency: 2), for: .seconds(2))
        #expect(client.results.map(\.status) == ["0", "0", "0"])
        #expect(client.results.allSatisfy { $0.messages == 400 && $0.cutBytes == 0 })
        #expect(simulation.server.reports.isEmpty)
        try expectNothingLeft()
    }

    @Test("neverReads: each stream ends for its own window")
    func neverReads() throws {
        let client = try run(NeverReadsClient(endless, calls: 3, concurrency: 3), for: .seconds(25))
        #expect(client.results.map(\.status) == ["8", "8", "8"])
        #expect(causes == [.streamWindow, .streamWindow, .streamWindow])
        #expect(client.isConnected)
        try expectNothingLeft()
    }

    @Test("slowReader: lives while it returns half a window a deadline, and loses nothing")
    func slowReader() throws {
        let client = try run(SlowReaderClient(finite, bytesPerSecond: 2_000), for: .seconds(400))
        #expect(client.results.map(\.status) == ["0"])
        #expect(client.results.first?.messages == 400)
        try expectNothingLeft()
    }

    @Test("slowReader: half a window in more than a deadline is too slow")
    func tooSlowReader() throws {
        let client = try run(SlowReaderClient(finite, bytesPerSecond: 1_000), for: .seconds(400))
        #expect(client.results.map(\.status) == ["8"])
        #expect(causes.count == 1)
        try expectNothingLeft()
    }

    @Test("trickle: the stream lives, and bytes do not go out one by one")
    func trickle() throws {
        let client = try run(TrickleClient(endless, every: .milliseconds(10)), for: .seconds(60))
        #expect(client.results.isEmpty)
        #expect(causes.isEmpty)
        // Its share of the connection's window, and what it returned since.
        #expect(client.peer[1].dataBytes > 42_000)
        #expect(client.peer[1].dataFrames.dropFirst(10).count < 700)
        try expectNothingLeft()
    }

    @Test("oneMessageAtATime: lives and loses nothing")
    func oneMessageAtATime() throws {
        let client = try run(OneMessageAtATimeClient(finite, thinking: .seconds(1)), for: .seconds(402))
        #expect(client.results.map(\.status) == ["0"])
        #expect(client.results.first?.messages == 400)
        try expectNothingLeft()
    }

    @Test("zeroWindow from the start: ended without a byte of DATA")
    func zeroWindow() throws {
        let client = try run(ZeroWindowClient(endless), for: .seconds(21))
        #expect(client.results.map(\.status) == ["8"])
        #expect(client.results.first?.dataBytes == 0)
        #expect(causes == [.streamWindow])
        try expectNothingLeft()
    }

    @Test("zeroWindow later: ended at the deadline after the last byte")
    func zeroWindowLater() throws {
        let client = try run(ZeroWindowClient(endless, afterBytes: 20_000), for: .seconds(25))
        #expect(client.results.map(\.status) == ["8"])
        #expect((client.results.first?.dataBytes ?? 0) >= 20_000)
        #expect(causes == [.streamWindow])
        try expectNothingLeft()
    }

    @Test("stopMidMessage: only whole messages arrived", arguments: [100_000, 90_500, 65_600])
    func stopMidMessage(afterBytes: Int) throws {
        // Slow enough for the server to see that credit comes while the window is still open.
        let paced = try ClientCall.pattern(chunks: 0, payloadBytes: 1_000, interval: .milliseconds(10))
        let client = try run(StopMidMessageClient(paced, afterBytes: afterBytes), for: .seconds(25))
        #expect(client.results.map(\.status) == ["8"])
        #expect(client.results.first?.cutBytes == 0)
        #expect((client.results.first?.dataBytes ?? 0) > afterBytes - 1_100)
        try expectNothingLeft()
    }

    @Test("stallThenRecover just below the deadline: loses nothing")
    func recoversInTime() throws {
        let profile = StallThenRecoverClient(finite, stall: .seconds(20) - .milliseconds(10), stallsPerCall: 3)
        let client = try run(profile, for: .seconds(70))
        #expect(client.results.map(\.status) == ["0"])
        #expect(client.results.first?.messages == 400)
        #expect(causes.isEmpty)
        try expectNothingLeft()
    }

    @Test("stallThenRecover just above the deadline: ended")
    func recoversTooLate() throws {
        let client = try run(StallThenRecoverClient(finite, stall: .seconds(20) + .milliseconds(10)), for: .seconds(70))
        #expect(client.results.map(\.status) == ["8"])
        // Both windows are shut; the connection's is named first.
        #expect(causes == [.connectionWindow])
        try expectNothingLeft()
    }

    @Test("connectionWindowHog: each stream ends for the connection's window")
    func connectionWindowHog() throws {
        let client = try run(ConnectionWindowHogClient(endless, concurrency: 4), for: .seconds(45))
        #expect(client.results.map(\.status) == ["8", "8", "8", "8"])
        #expect(causes == [StreamStalled.Cause](repeating: .connectionWindow, count: 4))
        try expectNothingLeft()
    }

    @Test("tcpShutHTTP2Open: the connection is closed at the deadline")
    func tcpShut() throws {
        let client = try run(TCPShutHTTP2OpenClient(endless, afterBytes: 50_000, concurrency: 3), for: .seconds(21))
        #expect(connectionStalls == 1)
        #expect(simulation.server.snapshot == ServerSnapshot())
        #expect(client.results.isEmpty)
        try expectNothingLeft()
    }

    @Test("windowShrink for good: ended; for a while: everything arrives")
    func windowShrink() throws {
        let shut = try run(WindowShrinkClient(endless), for: .seconds(22))
        #expect(shut.results.map(\.status) == ["8"])
        #expect(causes == [.streamWindow])
        let opened = try run(WindowShrinkClient(finite, reopensAfter: .seconds(15)), for: .seconds(22))
        #expect(opened.results.map(\.status) == ["0"])
        #expect(opened.results.first?.messages == 400)
        try expectNothingLeft()
    }

    @Test("updateAtExhaustion: loses nothing")
    func updateAtExhaustion() throws {
        let client = try run(UpdateAtExhaustionClient(finite), for: .seconds(30))
        #expect(client.results.map(\.status) == ["0"])
        #expect(client.results.first?.messages == 400)
        try expectNothingLeft()
    }

    @Test("updateAtExhaustion, call after call: bytes in front of a whole message do not wait for what that set aside")
    func updateAtExhaustionAgain() throws {
        // The first call leaves the connection's window at another place than the second one's stream begins with.
        let call = try ClientCall.pattern(chunks: 64, payloadBytes: 4_000)
        let client = simulation.connect(UpdateAtExhaustionClient(call, calls: 8, pause: .seconds(1)))
        let check = PatternCheck(client, pattern: Pattern(seed: 0, payloadBytes: 4_000))
        try simulation.run(for: .seconds(200))
        #expect(check.problem == nil)
        #expect(client.results.map(\.status) == [String](repeating: "0", count: 8))
        #expect(simulation.server.reports.isEmpty)
        try expectNothingLeft()
    }

    @Test("resetLoop: handlers end at once")
    func resetLoop() throws {
        let client = try run(ResetLoopClient(endless, calls: 100, pause: .milliseconds(100)), for: .seconds(20))
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.heldBytes == 0)
        #expect(client.isConnected)
        try expectNothingLeft()
    }

    @Test("cancelWhileBlocked: handlers end at once")
    func cancelWhileBlocked() throws {
        let profile = CancelWhileBlockedClient(endless, after: .seconds(2), calls: 3, pause: .seconds(1))
        let client = simulation.connect(profile)
        try simulation.run(for: .milliseconds(1_900))
        #expect(simulation.server.snapshot.suspendedSenders == 1)
        try simulation.run(for: .milliseconds(200))
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.heldBytes == 0)
        try simulation.run(for: .seconds(10))
        #expect(simulation.server.reports.isEmpty)
        #expect(client.isConnected)
        try expectNothingLeft()
    }

    @Test("vanish: the stream is ended although nobody answers")
    func vanish() throws {
        let client = try run(VanishClient(endless, afterBytes: 200_000), for: .seconds(45))
        #expect(!client.isConnected)
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(simulation.server.snapshot.heldBytes <= 128 * 1024)
        try expectNothingLeft()
    }

    @Test("pingFloodUnread: replies are bounded, and the connection is closed")
    func pingFlood() throws {
        _ = try run(PingFloodUnreadClient(endless, burst: 1_000), for: .seconds(120))
        #expect(simulation.server.snapshot == ServerSnapshot())
        try expectNothingLeft()
    }

    @Test("settingsFloodUnread: replies are bounded, and the connection is closed")
    func settingsFlood() throws {
        _ = try run(SettingsFloodUnreadClient(endless, burst: 1_000), for: .seconds(120))
        #expect(simulation.server.snapshot == ServerSnapshot())
        try expectNothingLeft()
    }
}
