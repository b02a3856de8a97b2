// SPDX-License-Identifier: Apache-2.0

/// A client whose window ends in the middle of a message, for good.
public struct StopMidMessageProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "stop-mid-message"
    /// What the clients do.
    public static let summary =
        "Returns credit early, but its window ends in the middle of a message."
    /// What a good server does about it.
    public static let goodServer =
        "Does not start a message that the window cannot finish: the stream ends at the stall deadline "
        + "and the client holds whole messages only, so that every client can show the status."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = StopMidMessageClient(plan.call, afterBytes: Self.afterBytes(plan), refillsAhead: true)
        client.session.connectionWindowBytes = 1 << 20
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        var judgement = judgeStalled(seen, plan)
        judgement.figure("windowBytes", Self.afterBytes(plan))
        judgement.figure("cutBytes", seen.streams.map(\.cutBytes).max() ?? 0)
        // A message larger than the window could not but be cut.
        let cut = seen.streams.count { $0.cutBytes > 0 && $0.largestMessageBytes + 5 <= Self.afterBytes(plan) }
        if cut > 0 {
            judgement.find(
                .weak,
                "\(BenchText.count(cut, of: seen.streams.count, "stream")) ended in the middle of a message that a whole window "
                    + "would have held: some standard clients report that in place of the status.")
        }
        return judgement
    }

    /// The middle of a message, as far into the window as there is one.
    static func afterBytes(_ plan: BenchPlan) -> Int {
        let unit = min(max(0, plan.control.largestMessageBytes), 1 << 30) + 5
        let whole = (plan.stallWindowBytes - unit / 2) / unit
        return whole >= 1 ? whole * unit + (unit + 1) / 2 : plan.stallWindowBytes
    }
}
