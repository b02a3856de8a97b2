// SPDX-License-Identifier: Apache-2.0

/// Well-behaved clients: the control of all the others.
public struct SteadyProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "steady"
    /// What the clients do.
    public static let summary =
        "Reads everything at once and returns credit early: what most clients do."
    /// What a good server does about it.
    public static let goodServer =
        "Sends everything, to each stream its share."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        plan.each(SteadyClient(plan.call, calls: plan.streams, concurrency: plan.streams))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.duration }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let clients = Double(max(1, seen.streams.count))
        // An eighth of an equal share of what one client alone got: that one had wider windows, and clients of a bench share a
        // machine with the server and with whatever else runs there.
        let rate = plan.bytesPerSecond(windows: plan.connections, of: seen.canaryAlone)
        let share = rate * (seen.elapsed / .seconds(1)) / clients / 8
        let rule = HonestReaderRule(ownPause: plan.methodPause, expectedBytes: Int(min(share, 1e15)))
        var judgement = judgement(seen, plan, [rule.criterion])
        rule.judge(seen.connections, until: seen.elapsed, &judgement)
        let bytes = Double(seen.streams.reduce(0) { $0 + $1.dataBytes })
        judgement.figure("bytesPerSecond", bytes / max(1e-9, seen.elapsed / .seconds(1)))
        FairShareRule().judge(seen.streams.filter { !$0.isOver }, &judgement)
        return judgement
    }
}
