// SPDX-License-Identifier: Apache-2.0

/// Clients that reset what they have just called (CVE-2023-44487).
public struct ResetStormProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "reset-storm"
    /// What the clients do.
    public static let summary =
        "One client resets 2,000 calls right behind their requests, another 200 as soon as the first "
        + "bytes come."
    /// What a good server does about it.
    public static let goodServer =
        "Frees each call at its reset, and serves all of them or ends the connection; others do not "
        + "notice."

    /// Makes the profile.
    public init() {}

    private static let rapidCalls = 2_000
    private static let answeredCalls = 200
    /// Of a stream that was reset so long ago nothing should come any more.
    package static let lateData = Duration.seconds(1)

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        [
            BenchClient(ResetStormClient(plan.call, calls: Self.rapidCalls)),
            BenchClient(ResetLoopClient(plan.call, calls: Self.answeredCalls, pause: .milliseconds(2))),
        ]
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { .seconds(3) }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        let calls = [Self.rapidCalls, Self.answeredCalls]
        return elapsed >= .seconds(1) && !connections.isEmpty
            && zip(connections, calls).allSatisfy { !$0.isOpen || ($0.callsBegun >= $1 && $0.isOver) }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        // Every reset frees its call, so the memory of a few calls is all that there may be.
        let memory = MemoryRule(streams: 16)
        var judgement = judgement(
            seen, plan,
            [
                "All calls are served or the connection is ended; nothing is left of a call that was reset.",
                memory.criterion,
            ])
        memory.judge(seen, &judgement)
        judgement.figure("resetCallsCount", seen.streams.count { $0.resetByClientAt != nil })
        for (connection, what) in zip(seen.connections, ["right behind their requests", "at their first bytes"]) {
            if let goAway = connection.goAway {
                judgement.find(
                    .pass,
                    "After \(connection.callsBegun) calls that were reset \(what) the server ended the connection (GOAWAY "
                        + "with code \(goAway.code)).")
            } else if connection.closedAt != nil {
                judgement.find(
                    .pass,
                    "After \(connection.callsBegun) calls that were reset \(what) the server closed the connection.")
            }
        }
        let late = seen.streams.count { stream in
            guard let reset = stream.resetByClientAt, let last = stream.lastDataAt else { return false }
            return last - reset > Self.lateData
        }
        if late > 0 {
            judgement.find(
                .fail, "The server went on sending on \(late) streams for more than a second after their reset.")
        }
        return judgement
    }
}
