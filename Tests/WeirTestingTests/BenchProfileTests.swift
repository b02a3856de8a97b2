// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer
import WeirSimulation
import WeirTesting

@Suite("The bench's profiles against a simulated server")
struct BenchProfileTests {
    private static let stallDeadline = Duration.seconds(2)
    private static let finiteChunks: UInt64 = 400
    private static let payloadBytes: UInt32 = 1_000

    /// What this server does not do yet, and why.
    private static let knownGaps: [String: Comment] = [:]

    private static let names = BenchProfiles.all.map(\.name)

    /// Those in which a patient server does nothing wrong: no stream stalls, or the client ends it, or floods are ended.
    private static let passesPatient: Set<String> = [
        "sibling-starvation",
        "steady", "slow-reader", "one-message-at-a-time", "update-at-exhaustion", "stall-then-recover-before",
        "idle-subscribers-then-burst", "trickle", "cancel-while-blocked", "reset-storm", "ping-flood-unread",
        "settings-flood-unread",
    ]

    /// Those that are about other deadlines than that of stalls.
    private static let otherDeadlines: Set<String> = ["no-settings-ack", "slow-upload", "slow-headers", "slow-preface"]

    private static let endless = Result { try measured(chunks: 0) }
    private static let finite = Result { try measured(chunks: finiteChunks) }

    private static func simulation(stallDeadline: Duration) throws -> Simulation {
        let clock = VirtualClock()
        var configuration = ServerConfiguration()
        configuration.stallDeadline = stallDeadline
        configuration.tailDeadline = stallDeadline
        configuration.handshakeDeadline = Self.stallDeadline
        configuration.requestDeadline = Self.stallDeadline
        return try Simulation(clock: clock, configuration: configuration, services: [PatternService(clock: clock)])
    }

    /// A plan, with a control that was measured as the bench over sockets does.
    private static func measured(chunks: UInt64) throws -> BenchPlan {
        let simulation = try simulation(stallDeadline: stallDeadline)
        let call = try ClientCall.pattern(chunks: chunks, payloadBytes: payloadBytes)
        let recorder = ClientRecorder()
        simulation.connect(SteadyClient(call), keeping: .counts, recorder: recorder)
        try simulation.run(for: .seconds(1))
        let stream = try #require(recorder.record.streams.first)
        var plan = BenchPlan(call: call, stallDeadline: stallDeadline, streams: 4, duration: .seconds(2))
        plan.control = BenchPlan.Control(
            responseBytes: stream.status == 0 ? stream.dataBytes : nil,
            largestMessageBytes: stream.largestMessageBytes, bytesPerSecond: Double(stream.dataBytes),
            firstDataAfter: stream.firstDataAt ?? .zero)
        return plan
    }

    /// A bench whose server lets streams stall that long; the plan always says two seconds.
    private func bench(_ name: String, serverDeadline: Duration) throws -> SimulatedBench {
        let plan = name == "stop-before-trailers" ? Self.finite : Self.endless
        return SimulatedBench(try Self.simulation(stallDeadline: serverDeadline), plan: try plan.get())
    }

    @Test("a good server passes", arguments: names)
    func good(name: String) throws {
        let profile = try #require(BenchProfiles.named(name))
        let bench = try bench(name, serverDeadline: Self.stallDeadline)
        let seen = try bench.run(profile)
        let judgement = profile.judge(seen, bench.plan)
        if let gap = Self.knownGaps[name] {
            withKnownIssue(gap) { #expect(judgement.verdict == .pass, "\(judgement)") }
        } else {
            #expect(judgement.verdict == .pass, "\(judgement)")
            #expect(seen.elapsed <= .seconds(11), "took \(seen.elapsed)")
        }
    }

    @Test(
        "a server that lets streams stall for an hour fails where it is about stalls",
        arguments: names.filter { !otherDeadlines.contains($0) })
    func tooPatient(name: String) throws {
        let profile = try #require(BenchProfiles.named(name))
        let bench = try bench(name, serverDeadline: .seconds(3_600))
        let judgement = try bench.judge(profile)
        #expect(judgement.verdict == (Self.passesPatient.contains(name) ? .pass : .fail), "\(judgement)")
    }

    @Test("names are those of the command line, each one once")
    func catalogue() {
        #expect(
            Set(Self.names) == [
                "steady", "never-reads", "slow-reader", "trickle", "one-message-at-a-time", "zero-window",
                "zero-window-from-start", "stop-mid-message", "stop-before-trailers", "stall-then-recover-before",
                "stall-then-recover-after", "connection-window-hog", "sibling-starvation", "tcp-shut-http2-open",
                "window-shrink", "update-at-exhaustion", "no-settings-ack", "cancel-while-blocked", "vanish",
                "half-close", "goaway-while-blocked", "reset-storm", "ping-flood-unread", "settings-flood-unread",
                "idle-subscribers-then-burst", "slow-upload", "slow-headers", "slow-preface",
            ])
        #expect(Set(Self.names).count == Self.names.count)
        for profile in BenchProfiles.all {
            #expect(!profile.summary.isEmpty && profile.summary.hasSuffix("."))
            #expect(!profile.goodServer.isEmpty && profile.goodServer.hasSuffix("."))
        }
    }
}
