// SPDX-License-Identifier: Apache-2.0

/// Clients that connect and do not get as far as HTTP/2.
public struct SlowPrefaceProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "slow-preface"
    /// What the clients do.
    public static let summary =
        "Sends the connection preface a byte at a time; another client sends nothing."
    /// What a good server does about it.
    public static let goodServer =
        "Closes the connection in ten seconds or the stall deadline, whichever is longer."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        let interval = 2 * plan.requestPunctual / RawFrame.preface.count
        return [BenchClient(SlowPrefaceClient(every: interval)), BenchClient(SlowPrefaceClient(every: nil))]
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.requestWatch }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty && connections.allSatisfy { !$0.isOpen || $0.goAway != nil }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        judgeHandshakes(seen, plan, ["A connection with a slow preface", "A connection without a preface"])
    }
}
