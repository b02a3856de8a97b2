// SPDX-License-Identifier: Apache-2.0

/// Streams that fill their windows and never return a byte of them; a second wave of them follows the first.
public struct NeverReadsProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "never-reads"
    /// What the clients do.
    public static let summary =
        "Fills its streams' windows and never returns a byte of them; then again."
    /// What a good server does about it.
    public static let goodServer =
        "Ends each stream at the stall deadline through the closed window, with a status that says why, "
        + "holds little meanwhile, and uses the memory again."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = NeverReadsClient(plan.call, calls: 2 * plan.streams, concurrency: plan.streams)
        client.session.streamWindowBytes = plan.stallWindowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { 2 * plan.stallWatch }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        let isOver = connections.allSatisfy { connection in
            !connection.isOpen || (connection.callsBegun >= 2 * plan.streams && connection.isOver)
        }
        // A server that ends nothing never comes to the second wave.
        let isStuck = elapsed > plan.stallWatch && connections.allSatisfy { $0.callsBegun <= plan.streams }
        return !connections.isEmpty && (isOver || isStuck)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let second = seen.connections.compactMap { $0.streams.dropFirst(plan.streams).first?.beganAt }.min()
        return judgeStalled(seen, plan, secondWaveAt: second)
    }
}
