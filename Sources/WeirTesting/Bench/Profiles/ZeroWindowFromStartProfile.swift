// SPDX-License-Identifier: Apache-2.0

/// A client whose streams never have a window.
public struct ZeroWindowFromStartProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "zero-window-from-start"
    /// What the clients do.
    public static let summary =
        "Sets SETTINGS_INITIAL_WINDOW_SIZE to zero before its first call, and never opens a window."
    /// What a good server does about it.
    public static let goodServer =
        "Sends the response's fields, which are not flow-controlled, holds a message a stream, and ends "
        + "each at the stall deadline."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        plan.each(ZeroWindowClient(plan.call, calls: plan.streams, concurrency: plan.streams))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        judgeStalled(seen, plan, rule: StalledStreamRule(neededBytes: 0))
    }
}
