// SPDX-License-Identifier: Apache-2.0

internal import WeirServer

/// Runs profiles of the bench in a simulation: the same clients and the same judgement as over sockets, in no time.
///
/// For tests of a service, and of the profiles. Where the bench over sockets knows the server's process, this one takes the
/// bytes that the server holds for its clients.
public final class SimulatedBench {
    /// What is done to the server.
    public let plan: BenchPlan

    private let simulation: Simulation
    private static let step = Duration.milliseconds(20)
    /// How often the canary calls; not more often than servers let clients reset calls.
    private static let canaryPause = Duration.milliseconds(200)
    /// Bytes a second that the canary's link carries: enough to see gaps, not so much that it is all the work there is.
    private static let canaryBytesPerSecond = 400_000

    /// Makes the bench of a simulated server.
    public init(_ simulation: Simulation, plan: BenchPlan) {
        self.simulation = simulation
        self.plan = plan
    }

    /// Runs a profile, and says what was seen.
    ///
    /// Takes virtual time only. The clients are closed at the end; the simulation can be used for the next profile.
    ///
    /// - Throws: ``SimulationError``.
    public func run(_ profile: any BenchProfile) throws(SimulationError) -> BenchObservation {
        var seen = BenchObservation()
        seen.canaryAlone = try runCanaryAlone()
        let canary = SimulatedCanary(simulation, plan.call, Self.canaryPause, Self.canaryBytesPerSecond)
        var process = BenchObservation.Process()
        process.residentBytesBefore = simulation.server.snapshot.heldBytes
        let began = simulation.now
        let recorders = connect(profile)
        let limit = profile.watches(plan)
        while true {
            seen.elapsed = began.duration(to: simulation.now)
            let records = recorders.made()
            seen.samples.append(sample(records, at: seen.elapsed))
            if seen.elapsed >= limit || profile.isDone(records, after: seen.elapsed, plan) { break }
            // A limit may end between two nanoseconds, at which a virtual clock cannot stand.
            try simulation.run(for: max(.microseconds(1), min(Self.step, limit - seen.elapsed)))
        }
        seen.connections = recorders.final(simulation.server)
        seen.canary = canary.finish(at: simulation.now)
        for client in recorders.clients() { client.leave() }
        try simulation.run(for: .milliseconds(500))
        process.residentBytesPeak = seen.samples.compactMap(\.residentBytes).max() ?? 0
        process.residentBytesAfter = simulation.server.snapshot.heldBytes
        seen.process = process
        return seen
    }

    /// Runs a profile and judges the server.
    ///
    /// - Throws: ``SimulationError``.
    public func judge(_ profile: any BenchProfile) throws(SimulationError) -> Judgement {
        profile.judge(try run(profile), plan)
    }

    private func runCanaryAlone() throws(SimulationError) -> BenchObservation.Canary {
        let canary = SimulatedCanary(simulation, plan.call, Self.canaryPause, Self.canaryBytesPerSecond)
        try simulation.run(for: .seconds(1))
        return canary.finish(at: simulation.now)
    }

    private func connect(_ profile: any BenchProfile) -> SimulatedBenchClients {
        let clients = SimulatedBenchClients()
        for client in profile.clients(plan) {
            var link = LinkConfiguration()
            if let bytes = client.receiveBufferBytes { link.toClient.receiveBufferBytes = max(1, bytes) }
            simulation.schedule(after: client.connectsAfter) { [simulation] in
                let recorder = ClientRecorder()
                clients.add(
                    simulation.connect(client.profile, over: link, keeping: .counts, recorder: recorder), recorder)
            }
        }
        return clients
    }

    private func sample(_ records: [ConnectionRecord], at elapsed: Duration) -> BenchObservation.Sample {
        var sample = BenchObservation.Sample()
        sample.at = elapsed
        sample.dataBytes = records.reduce(0) { $0 + $1.dataBytes }
        sample.openStreams = records.reduce(0) { $0 + $1.openStreams }
        let open = records.first(where: \.isOpen)
        sample.connectionWindowBytes = open?.windowBytes
        sample.streamWindowBytes = open?.streams.first { !$0.isOver }?.windowBytes
        sample.residentBytes = simulation.server.snapshot.heldBytes
        return sample
    }
}

/// The clients of a profile that were connected so far.
private final class SimulatedBenchClients {
    private var all: [(client: SimulatedClient, recorder: ClientRecorder)] = []

    func add(_ client: SimulatedClient, _ recorder: ClientRecorder) { all.append((client, recorder)) }

    func clients() -> [SimulatedClient] { all.map(\.client) }

    func made() -> [ConnectionRecord] { all.map(\.recorder.record) }

    /// The records, with what can be seen from the server's side.
    func final(_ server: SimulatedServer) -> [ConnectionRecord] {
        all.map { client, recorder in
            var record = recorder.record
            record.serverClosed = !server.isConnected(client.number)
            return record
        }
    }
}
