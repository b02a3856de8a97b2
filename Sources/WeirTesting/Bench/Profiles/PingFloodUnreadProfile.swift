// SPDX-License-Identifier: Apache-2.0

/// A client that sends PING without end and reads nothing (CVE-2019-9512).
public struct PingFloodUnreadProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "ping-flood-unread"
    /// What the clients do.
    public static let summary =
        "Sends PING frames without end and reads none of their acknowledgements."
    /// What a good server does about it.
    public static let goodServer =
        "Queues few replies, then stops to read or ends the connection; closes it when the socket has "
        + "taken nothing for the stall deadline."

    /// Makes the profile.
    public init() {}

    private static let burst = 2_000
    private static let interval = Duration.milliseconds(5)

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        [
            BenchClient(
                PingFloodUnreadClient(plan.call, burst: Self.burst, every: Self.interval), receiveBufferBytes: 4_096)
        ]
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { FloodRule.fills + plan.patience }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let rule = FloodRule(frames: "PING", punctual: plan.punctual)
        let memory = MemoryRule(streams: 1)
        var judgement = judgement(seen, plan, [rule.criterion, memory.criterion])
        rule.judge(connection(0, seen), until: seen.elapsed, &judgement)
        memory.judge(seen, &judgement)
        return judgement
    }
}
