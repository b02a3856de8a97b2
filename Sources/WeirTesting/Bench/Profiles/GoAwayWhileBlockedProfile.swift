// SPDX-License-Identifier: Apache-2.0

/// Clients that send GOAWAY while the server waits for them: one reads on, one does not.
public struct GoAwayWhileBlockedProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "goaway-while-blocked"
    /// What the clients do.
    public static let summary =
        "Sends GOAWAY while its streams are blocked; one client reads on after three quarters of the stall deadline, "
        + "one never does."
    /// What a good server does about it.
    public static let goodServer =
        "Goes on with the stream whose client reads, for GOAWAY ends none that is open, and ends the "
        + "others at the stall deadline."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var stopped = GoAwayWhileBlockedClient(plan.call, after: Self.waiting(plan), concurrency: plan.streams)
        var reading = GoAwayWhileBlockedClient(
            plan.call, after: Self.waiting(plan), recoversAfter: Self.pause(plan))
        stopped.session.streamWindowBytes = plan.stallWindowBytes
        reading.session.streamWindowBytes = plan.stallWindowBytes
        return [BenchClient(stopped), BenchClient(reading)]
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        guard let stopped = connections.first, let reading = connections.dropFirst().first else { return false }
        return stopped.isOver && (reading.isOver || (reading.streams.first?.dataBytes ?? 0) > plan.stallWindowBytes)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let rule = StalledStreamRule()
        var judgement = judgeRecovered(
            seen, Array(seen.connections.dropFirst()), plan, pause: Self.pause(plan), [rule.criterion(plan)])
        rule.judge(rule.streams(Array(seen.connections.prefix(1)), until: seen.elapsed, plan), plan, &judgement)
        return judgement
    }

    /// When GOAWAY is sent: streams are blocked by then, unless the server is slow.
    private static func waiting(_ plan: BenchPlan) -> Duration { min(plan.isBlockedAfter, plan.stallDeadline / 4) }

    /// When the one client reads on: whenever its window was full, that is well before the deadline.
    private static func pause(_ plan: BenchPlan) -> Duration { plan.stallDeadline / 4 * 3 }
}
