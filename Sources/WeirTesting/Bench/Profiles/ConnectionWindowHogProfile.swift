// SPDX-License-Identifier: Apache-2.0

/// A client that opens its streams' windows and never the connection's.
public struct ConnectionWindowHogProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "connection-window-hog"
    /// What the clients do.
    public static let summary =
        "Returns every stream's credit at once and never a byte of the connection's."
    /// What a good server does about it.
    public static let goodServer =
        "Holds little for each of the streams that wait, and ends each at the stall deadline with a "
        + "status that says why."

    /// Makes the profile.
    public init() {}

    private static let windowBytes = 65_535

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        plan.each(ConnectionWindowHogClient(plan.call, concurrency: plan.streams))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(Self.windowBytes) + .seconds(1) + plan.patience
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let needed = Self.windowBytes / max(1, plan.streams) + BenchPlan.smallestStallWindowBytes
        return judgeStalled(seen, plan, rule: StalledStreamRule(countsConnection: true, neededBytes: needed))
    }
}
