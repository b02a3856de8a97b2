// SPDX-License-Identifier: Apache-2.0

/// A client that stops for three quarters of the stall deadline and reads on.
public struct StallThenRecoverBeforeProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "stall-then-recover-before"
    /// What the clients do.
    public static let summary =
        "Stops reading for three quarters of the stall deadline, then reads on."
    /// What a good server does about it.
    public static let goodServer =
        "Keeps the stream and loses nothing."

    /// Makes the profile.
    public init() {}

    /// The part of the stall deadline for which it stops.
    package static let part = 0.75

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = StallThenRecoverClient(plan.call, stall: plan.stallDeadline * Self.part)
        client.session.streamWindowBytes = plan.stallWindowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(plan.stallWindowBytes) + plan.stallDeadline * Self.part + .seconds(1)
            + HonestReaderRule.usualAllowance + (waitsForEnd(plan) ? .seconds(10) : .zero)
    }

    /// Whether the response is so short that its end can be waited for, which shows whether anything was lost.
    private func waitsForEnd(_ plan: BenchPlan) -> Bool { plan.control.responseBytes.map { $0 <= 128 << 20 } ?? false }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty
            && connections.allSatisfy {
                $0.isOver || (!waitsForEnd(plan) && ($0.streams.first?.dataBytes ?? 0) > plan.stallWindowBytes)
            }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        judgeRecovered(seen, seen.connections, plan, pause: plan.stallDeadline * Self.part)
    }
}
