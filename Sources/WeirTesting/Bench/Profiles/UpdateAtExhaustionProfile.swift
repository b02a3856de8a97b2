// SPDX-License-Identifier: Apache-2.0

/// An honest client that returns credit only when a window was used up to its last byte.
public struct UpdateAtExhaustionProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "update-at-exhaustion"
    /// What the clients do.
    public static let summary =
        "Returns credit only when a window was used up to its last byte."
    /// What a good server does about it.
    public static let goodServer =
        "Does not wait for ever for room for a whole message: it uses the rest of the window, and loses "
        + "nothing."

    /// Makes the profile.
    public init() {}

    /// So many windows show that the stream goes on.
    private static let windows = 4

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = UpdateAtExhaustionClient(plan.call)
        client.session.streamWindowBytes = plan.stallWindowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(Self.windows * plan.stallWindowBytes) + Self.windows * .seconds(1) + .seconds(1)
    }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty
            && connections.allSatisfy {
                $0.isOver || ($0.streams.first?.dataBytes ?? 0) > Self.windows * plan.stallWindowBytes
            }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        judgeRecovered(seen, seen.connections, plan, pause: .zero)
    }
}
