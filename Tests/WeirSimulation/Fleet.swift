// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC
package import WeirServer
package import WeirTesting

/// Many clients of mixed profiles against one server, each of them watched.
package final class Fleet {
    /// The simulation, for a closer look at a run that went wrong.
    package let simulation: Simulation

    private let duration: Duration
    private let deadline: Duration
    private var report = FleetReport()
    private var expectations: [FleetMember.Expectation] = []
    private var checks: [PatternCheck] = []

    /// How much later than its deadline a stalled stream may be cut.
    private static let tolerance = Duration.seconds(1)

    /// Makes a fleet whose members follow from the seed.
    ///
    /// - Throws: the configuration is wrong.
    package init(
        clients: Int, duration: Duration, seed: UInt64, configuration: ServerConfiguration = ServerConfiguration()
    ) throws {
        let clock = VirtualClock()
        simulation = try Simulation(
            seed: seed, clock: clock, configuration: configuration, services: [PatternService(clock: clock)])
        self.duration = duration
        deadline = configuration.stallDeadline
        report.clients = clients
        report.duration = duration
        let members = try (0..<clients).map { number in
            var random = simulation.generator(number)
            return try FleetMember(number: number, deadline: deadline, duration: duration, random: &random)
        }
        // In the order in which they come, since that is how the simulation numbers them.
        for member in members.enumerated().sorted(by: {
            ($0.element.connectsAfter, $0.offset) < ($1.element.connectsAfter, $1.offset)
        }) {
            simulation.schedule(after: member.element.connectsAfter) { [unowned self] in connect(member.element) }
        }
        simulation.server.onReport = { [unowned self] in reported($0) }
    }

    private func connect(_ member: FleetMember) {
        let client = simulation.connect(member.profile, over: member.link, keeping: .counts)
        expectations.append(member.expectation)
        checks.append(PatternCheck(client, pattern: member.pattern))
        client.onResult = { [unowned self, unowned client] in ended($0, client, member.expectation) }
    }

    /// Runs the fleet for its time, closes everything, and tells what came of it.
    ///
    /// - Throws: a handler left the simulation, or never waits.
    package func run() throws -> FleetReport {
        try simulation.run(for: duration)
        checkClients()
        if try !simulation.shutDown() {
            report.note("after the drain the server still holds \(simulation.server.snapshot)")
        }
        let configuration = simulation.server.configuration
        report.peakHeldBytes = simulation.server.peakHeldBytes
        report.peakConnectionBytes = simulation.server.peakConnectionHeldBytes
        report.peakBudgetBytes = simulation.server.peakBudgetBytes
        if report.peakBudgetBytes > configuration.processSendBudgetBytes {
            report.note("the process held \(report.peakBudgetBytes) bytes, above its budget")
        }
        if report.peakConnectionBytes > configuration.connectionSendBudgetBytes {
            report.note("a connection held \(report.peakConnectionBytes) bytes, above its budget")
        }
        report.traceHash = simulation.traceHash
        report.traceCount = simulation.traceCount
        return report
    }

    // MARK: - Checks

    private func name(_ client: SimulatedClient) -> String { "client \(client.number) (\(client.profileName))" }

    private func ended(
        _ result: SimulatedClient.CallResult, _ client: SimulatedClient, _ expectation: FleetMember.Expectation
    ) {
        report.ended["\(client.profileName) \(result.status ?? "reset")", default: 0] += 1
        // What the drain at the end cuts was not to end yet.
        guard simulation.now.sinceStart <= duration else { return }
        switch expectation {
        case .completes(let chunks, let within):
            if result.status != "0" || result.messages != chunks || result.cutBytes != 0 {
                report.note("\(name(client)): \(result) instead of \(chunks) messages and OK")
            }
            let time = result.beganAt.duration(to: result.endedAt)
            if time > within { report.note("\(name(client)): a call took \(time), more than \(within)") }
        case .stalls:
            if result.status != "8" { report.note("\(name(client)): \(result) instead of a stall") }
            guard let last = result.lastDataAt else { return }
            let time = last.duration(to: result.endedAt)
            if time < deadline - .milliseconds(500) || time > deadline + Self.tolerance * 2 {
                report.note("\(name(client)): cut \(time) after the last byte")
            }
        case .lives, .connectionCloses, .vanishes:
            report.note("\(name(client)): \(result), which was not to end")
        }
    }

    private func reported(_ entry: SimulatedServer.Report) {
        guard simulation.now.sinceStart <= duration else { return }
        let expectation = expectations[entry.client]
        let client = name(simulation.clients[entry.client])
        switch entry.kind {
        case .stalled(_, _, let stalled):
            report.stalls[stalled.cause.rawValue, default: 0] += 1
            report.longestStall = max(report.longestStall, stalled.stalledFor)
            if stalled.stalledFor < deadline || stalled.stalledFor > deadline + Self.tolerance {
                report.note("\(client): cut after \(stalled.stalledFor)")
            }
            switch expectation {
            case .stalls(let causes), .vanishes(let causes):
                if !causes.contains(stalled.cause) {
                    report.note("\(client): cut for \(stalled), not for one of \(causes)")
                }
            case .connectionCloses:
                break
            case .completes, .lives:
                report.note("\(client): cut although it reads: \(stalled)")
            }
        case .connectionStalled:
            report.connectionStalls += 1
            report.ended["\(simulation.clients[entry.client].profileName) closed, socket", default: 0] += 1
            switch expectation {
            case .connectionCloses, .vanishes: break
            default: report.note("\(client): its connection was closed although it reads")
            }
        case .other(let text):
            if case .connectionCloses = expectation {
                report.ended["\(simulation.clients[entry.client].profileName) closed, protocol", default: 0] += 1
                break
            }
            report.note("\(client): \(text)")
        }
    }

    private func checkClients() {
        for (client, expectation) in zip(simulation.clients, expectations) {
            let check = checks[client.number]
            report.messages += check.messages
            report.bytes += check.bytes
            if let problem = check.problem { report.note("\(name(client)): \(problem)") }
            if !client.understood { report.note("\(name(client)): received what is no frame") }
            switch expectation {
            case .completes, .stalls:
                if client.resultCount == 0, duration > deadline * 4 { report.note("\(name(client)): no call ended") }
                if !client.isConnected { report.note("\(name(client)): lost its connection") }
            case .lives:
                if !client.isConnected { report.note("\(name(client)): lost its connection") }
            case .connectionCloses:
                // A client that reads nothing does not see it; the server's connection must be gone.
                if simulation.server.isConnected(client.number), duration > deadline * 4 {
                    report.note("\(name(client)): still connected")
                }
            case .vanishes:
                if client.isConnected, duration > deadline * 4 { report.note("\(name(client)): has not vanished") }
            }
        }
        if simulation.clients.count != report.clients { report.note("only \(simulation.clients.count) clients came") }
    }
}
