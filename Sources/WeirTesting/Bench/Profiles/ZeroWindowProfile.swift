// SPDX-License-Identifier: Apache-2.0

/// A client that shuts its windows through SETTINGS in the middle of a response (RFC 9113 §6.9.2).
public struct ZeroWindowProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "zero-window"
    /// What the clients do.
    public static let summary =
        "Sets SETTINGS_INITIAL_WINDOW_SIZE to zero when half a window of the response has come."
    /// What a good server does about it.
    public static let goodServer =
        "Sends nothing beyond the window that is now negative, and ends the stream at the stall deadline "
        + "with a status that says why."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = ZeroWindowClient(plan.call, afterBytes: (plan.stallWindowBytes + 1) / 2)
        client.session.streamWindowBytes = plan.stallWindowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement { judgeStalled(seen, plan) }
}
