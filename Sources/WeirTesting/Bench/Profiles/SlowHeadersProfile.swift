// SPDX-License-Identifier: Apache-2.0

/// Clients whose request's fields never end: a frame in bytes, and CONTINUATION after CONTINUATION.
public struct SlowHeadersProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "slow-headers"
    /// What the clients do.
    public static let summary =
        "Sends a HEADERS frame a byte at a time; another client sends a field block in CONTINUATION "
        + "frames of a byte each."
    /// What a good server does about it.
    public static let goodServer =
        "Gives up on the connection in ten seconds or the stall deadline, whichever is longer."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        // A request's fields take more than a hundred bytes.
        let interval = 2 * plan.requestPunctual / 100
        return [false, true].map { BenchClient(SlowHeadersClient(plan.call, every: interval, splits: $0)) }
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.requestWatch }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty && connections.allSatisfy { !$0.isOpen || $0.goAway != nil }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        judgeHandshakes(
            seen, plan, ["A connection with a slow HEADERS frame", "A connection with slow CONTINUATION frames"])
    }
}
