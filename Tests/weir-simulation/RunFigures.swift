// SPDX-License-Identifier: Apache-2.0

import WeirSimulation

/// One run, and how to print it.
struct RunFigures {
    let report: FleetReport
    /// How long it took.
    let seconds: Double
    /// How much processor time it took.
    let processorSeconds: Double

    func printText() {
        let hash = String(report.traceHash, radix: 16)
        print(
            "\(report.clients) clients, \(report.duration) of virtual time in \(rounded(seconds)) s "
                + "(\(rounded(processorSeconds)) s of processor time): "
                + "\(report.traceCount) events, trace \(hash)")
        print("  checked: \(report.messages) messages, \(report.bytes) bytes")
        print("  calls ended: \(list(report.ended))")
        print(
            "  streams cut: \(list(report.stalls)), after \(report.longestStall) at most; "
                + "\(report.connectionStalls) connections closed whose sockets took nothing")
        print(
            "  held at most: \(report.peakHeldBytes) bytes (\(report.peakBudgetBytes) taken of the budget), "
                + "\(report.peakConnectionBytes) on one connection")
        for problem in report.problems { print("  WRONG: \(problem)") }
    }

    func printJSON(
        seed: UInt64, runSeconds: [Double], processorSeconds: [Double], isRepeatable: Bool, perClient: Int,
        fairness: EqualStreams.Figures, isGood: Bool
    ) {
        let members = [
            "\"clients\":\(report.clients)", "\"virtual_seconds\":\(Int(report.duration / .seconds(1)))",
            "\"seed\":\(seed)", "\"run_seconds\":[\(runSeconds.map { "\(rounded($0))" }.joined(separator: ","))]",
            "\"processor_seconds\":[\(processorSeconds.map { "\(rounded($0))" }.joined(separator: ","))]",
            "\"events\":\(report.traceCount)", "\"trace\":\"\(String(report.traceHash, radix: 16))\"",
            "\"same_trace\":\(isRepeatable)", "\"messages\":\(report.messages)", "\"bytes\":\(report.bytes)",
            "\"calls_ended\":\(object(report.ended))", "\"streams_cut\":\(object(report.stalls))",
            "\"connections_closed\":\(report.connectionStalls)",
            "\"longest_stall_seconds\":\(rounded(report.longestStall / .seconds(1)))",
            "\"peak_held_bytes\":\(report.peakHeldBytes)", "\"peak_budget_bytes\":\(report.peakBudgetBytes)",
            "\"peak_connection_bytes\":\(report.peakConnectionBytes)", "\"resident_bytes_per_client\":\(perClient)",
            "\"problems\":[\(report.problems.map { "\"\(escaped($0))\"" }.joined(separator: ","))]",
            "\"jain_index\":\(fairness.jainIndex)", "\"longest_gap_rounds\":\(rounded(fairness.longestGapRounds))",
            "\"good\":\(isGood)",
        ]
        print("{\(members.joined(separator: ","))}")
    }

    private func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }

    private func list(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }

    private func object(_ counts: [String: Int]) -> String {
        "{" + counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    private func escaped(_ text: String) -> String {
        text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
    }
}
