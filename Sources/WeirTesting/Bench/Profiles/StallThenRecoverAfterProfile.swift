// SPDX-License-Identifier: Apache-2.0

/// A client that stops for longer than the stall deadline, and then reads on and calls again.
public struct StallThenRecoverAfterProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "stall-then-recover-after"
    /// What the clients do.
    public static let summary =
        "Stops reading for longer than a server may let it, then reads on, and calls again on the same "
        + "connection."
    /// What a good server does about it.
    public static let goodServer =
        "Has ended the stream at the stall deadline with a status that says why, and serves the next "
        + "call."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = StallThenRecoverClient(plan.call, stall: plan.patience, calls: 2)
        client.session.streamWindowBytes = plan.stallWindowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch + HonestReaderRule.usualAllowance }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty
            && connections.allSatisfy { connection in
                !connection.isOpen || connection.streams.dropFirst().first?.firstDataAt != nil
                    || (connection.streams.first?.dataBytes ?? 0) > plan.stallWindowBytes
            }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let held = seen.streams.filter { $0.longestGap > plan.punctual }
        // A stream that went on is judged here, the others as all that stall.
        var judgement =
            held.isEmpty || seen.streams.contains { $0.stream == 1 && $0.longestGap <= plan.punctual }
            ? judgeStalled(seen, plan) { $0.stream == 1 && $0.longestGap <= plan.punctual }
            : judgement(seen, plan, [StalledStreamRule().criterion(plan)])
        if let first = held.first {
            judgement.find(
                .fail,
                "\(BenchText.count(held.count, of: seen.connections.count, "stream")) went on when the client read again after "
                    + "\(BenchText.seconds(first.longestGap)): held for all that time.")
        }
        let unserved = seen.connections.count { connection in
            connection.isOpen && connection.streams.dropFirst().first.map { $0.firstDataAt == nil } ?? false
        }
        if unserved > 0 {
            judgement.find(.weak, "The next call on the connection got no message.")
        }
        return judgement
    }
}
