// SPDX-License-Identifier: Apache-2.0

/// Many subscribers that take nothing for a while, and then all at once.
public struct IdleSubscribersThenBurstProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "idle-subscribers-then-burst"
    /// What the clients do.
    public static let summary =
        "Its streams have no window for a while, then all of them are opened by one SETTINGS, and it "
        + "reads everything for a second."
    /// What a good server does about it.
    public static let goodServer =
        "Holds next to nothing for idle subscribers; when all can send at once they take turns, and "
        + "others do not wait."

    /// Makes the profile.
    public init() {}

    private static let burst = Duration.seconds(1)
    /// What a stream may wait for its turn: what the canary may, and it is weak and no worse.
    package static let passWait = CanaryRule.weakTime

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        plan.each(
            IdleSubscribersClient(
                plan.call, concurrency: plan.streams, idle: Self.idle(plan),
                burst: Self.burst + plan.methodPause + plan.control.roundTrip))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        Self.idle(plan) + Self.burst + plan.methodPause + plan.control.roundTrip + .milliseconds(500)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let idle = Self.idle(plan)
        // The SETTINGS that opens the windows travels one way, and the first bytes the other.
        let limit = plan.methodPause + Self.passWait + plan.control.roundTrip
        let from = min(idle, plan.control.firstDataAfter + .milliseconds(300))
        let memory = MemoryRule(streams: seen.streams.count, stalled: from...idle)
        var judgement = judgement(
            seen, plan,
            [
                "Each stream's first bytes come within \(BenchText.seconds(limit)) after the windows open.",
                memory.criterion,
            ])
        memory.judge(seen, &judgement)
        let early = seen.streams.count { $0.endedAt.map { $0 < idle } ?? false }
        if early > 0 {
            judgement.find(
                .inconclusive,
                "\(BenchText.count(early, of: seen.streams.count, "stream")) ended before the windows opened.")
        }
        if seen.streams.isEmpty { judgement.find(.inconclusive, "No call was made.") }
        judgeWaits(seen, idle: idle, limit: limit, &judgement)
        FairShareRule().judge(seen.streams.filter { $0.endedAt == nil }, &judgement)
        return judgement
    }

    private func judgeWaits(
        _ seen: BenchObservation, idle: Duration, limit: Duration, _ judgement: inout Judgement
    ) {
        var longest = Duration.zero
        for connection in seen.connections {
            let over = connection.leftAt ?? connection.closedAt ?? seen.elapsed
            for stream in connection.streams where stream.endedAt.map({ $0 >= idle }) ?? true {
                longest = max(longest, (stream.firstDataAt ?? stream.endedAt ?? over) - idle)
            }
        }
        judgement.figure("longestFirstBytesSeconds", longest)
        let starved = seen.streams.count { $0.firstDataAt == nil && $0.endedAt == nil }
        if starved > 0 {
            judgement.find(
                .fail,
                "\(BenchText.count(starved, of: seen.streams.count, "stream")) got nothing in "
                    + "\(BenchText.seconds(Self.burst)) after the windows opened.")
        } else if longest > limit {
            judgement.find(.weak, "A stream waited \(BenchText.seconds(longest)) for its first bytes.")
        }
    }

    /// Short enough for every stall deadline.
    private static func idle(_ plan: BenchPlan) -> Duration { min(.seconds(2), plan.stallDeadline / 2) }
}
