// SPDX-License-Identifier: Apache-2.0

/// Clients that make their windows negative (RFC 9113 §6.9.2), one for good and one for a while.
public struct WindowShrinkProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "window-shrink"
    /// What the clients do.
    public static let summary =
        "Shrinks its streams' windows below what they have carried; one client opens them again after "
        + "half the stall deadline."
    /// What a good server does about it.
    public static let goodServer =
        "Sends nothing until a window is above zero and exactly what it allows then; ends the stream "
        + "that stays shut at the stall deadline."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        [nil, plan.stallDeadline / 2].map { reopensAfter in
            var client = WindowShrinkClient(
                plan.call, afterBytes: (plan.stallWindowBytes + 1) / 2, reopensAfter: reopensAfter)
            client.session.streamWindowBytes = plan.stallWindowBytes
            return BenchClient(client)
        }
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        guard let shut = connections.first, let opened = connections.dropFirst().first else { return false }
        return shut.isOver && (opened.isOver || (opened.streams.first?.dataBytes ?? 0) > plan.stallWindowBytes)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let rule = StalledStreamRule()
        var judgement = judgeRecovered(
            seen, Array(seen.connections.dropFirst()), plan, pause: plan.stallDeadline / 2, [rule.criterion(plan)])
        rule.judge(rule.streams(Array(seen.connections.prefix(1)), until: seen.elapsed, plan), plan, &judgement)
        return judgement
    }
}
