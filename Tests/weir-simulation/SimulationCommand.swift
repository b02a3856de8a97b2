// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import WeirServer
import WeirSimulation

/// Runs a fleet of mixed clients against one server under a virtual clock, and says what came of it.
@main
struct SimulationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-simulation",
        abstract: "Mixed clients against one server under a virtual clock: the same seed, the same run.",
        discussion: "Exits with 1 when a promise was not kept, and prints what was wrong.")

    @Option(help: "How many clients.")
    var clients = 1_000
    @Option(help: "How many seconds of virtual time.")
    var seconds = 3_600
    @Option(help: "What everything follows from.")
    var seed: UInt64 = 1
    @Option(help: "How often to run it; each run must have the same trace.")
    var runs = 2
    @Option(help: "The server's budget for unsent bytes of all clients, in MiB.")
    var budget = 64
    @Flag(help: "Print one line of JSON.")
    var json = false

    /// Most resident bytes that a client may cost, its server side included.
    private static let mostBytesPerClient = 2 << 20

    func validate() throws {
        guard clients > 0, seconds > 0, runs > 0, budget > 3 else {
            throw ValidationError("clients, seconds and runs must be above 0, the budget above 3 MiB")
        }
    }

    func run() throws {
        var configuration = ServerConfiguration()
        configuration.processSendBudgetBytes = budget << 20
        let before = ProcessFigures.residentBytes
        var figures: [RunFigures] = []
        for _ in 0..<runs {
            let clock = ContinuousClock()
            let begun = clock.now
            let before = ProcessFigures.processorSeconds
            let report = try Fleet(
                clients: clients, duration: .seconds(seconds), seed: seed, configuration: configuration
            ).run()
            let time = begun.duration(to: clock.now)
            figures.append(
                RunFigures(
                    report: report, seconds: time / .seconds(1),
                    processorSeconds: ProcessFigures.processorSeconds - before))
            if !json { figures.last?.printText() }
        }
        let fairness = try EqualStreams(payloadBytes: 1_000).run()
        let perClient = (ProcessFigures.peakResidentBytes - before) / clients
        let isRepeatable = figures.allSatisfy { $0.report == figures[0].report }
        let isGood =
            isRepeatable && perClient <= Self.mostBytesPerClient && figures.allSatisfy { $0.report.problems.isEmpty }
            && fairness.jainIndex >= 0.99 && fairness.longestGapRounds <= 2
        if json {
            figures[0].printJSON(
                seed: seed, runSeconds: figures.map(\.seconds), processorSeconds: figures.map(\.processorSeconds),
                isRepeatable: isRepeatable, perClient: perClient,
                fairness: fairness, isGood: isGood)
        } else {
            print("\(runs) runs with seed \(seed): \(isRepeatable ? "the same trace" : "DIFFERENT TRACES")")
            print(
                "\(EqualStreams.streams) equal streams on one connection: Jain's index \(fairness.jainIndex), longest gap "
                    + "\(fairness.longestGapRounds) rounds")
            print("resident at most: \(perClient) bytes a client, its server side included")
        }
        if !isGood { throw ExitCode(1) }
    }
}
