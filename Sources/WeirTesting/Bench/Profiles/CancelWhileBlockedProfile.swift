// SPDX-License-Identifier: Apache-2.0

/// A client that cancels streams that wait for it, round after round.
public struct CancelWhileBlockedProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "cancel-while-blocked"
    /// What the clients do.
    public static let summary =
        "Lets its streams fill up, cancels them all, and calls again, three times."
    /// What a good server does about it.
    public static let goodServer =
        "Frees each stream at its reset and serves the next calls as the first ones."

    /// Makes the profile.
    public init() {}

    private static let rounds = 3
    /// What a server may send with the credit ahead of a reset before it sees the reset right behind.
    private static let mostBytesAfterReset = 1 << 20

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = CancelWhileBlockedClient(
            plan.call, after: Self.waiting(plan), calls: Self.rounds * plan.streams, concurrency: plan.streams)
        client.session.streamWindowBytes = plan.stallWindowBytes
        // What blocks is each stream's own window: the connection's would be used up for many turns of a long way.
        client.session.connectionWindowBytes = max(BenchPlan.usualWindowBytes, plan.streams * plan.stallWindowBytes)
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { Self.rounds * Self.waiting(plan) + .seconds(2) }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        let lastReset = connections.flatMap(\.streams).compactMap(\.resetByClientAt).max() ?? .zero
        return elapsed > lastReset + StreamRecord.lateAfter * 1.5
            && connections.allSatisfy { !$0.isOpen || ($0.callsBegun >= Self.rounds * plan.streams && $0.isOver) }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let second = seen.connections.compactMap { $0.streams.dropFirst(plan.streams).first?.beganAt }.min()
        let memory = MemoryRule(streams: plan.streams * max(1, seen.connections.count), secondWaveAt: second)
        var judgement = judgement(
            seen, plan,
            [
                "Calls after those that were cancelled are served on the same connection, and nothing is sent on a stream "
                    + "\(BenchText.seconds(StreamRecord.lateAfter)) after its reset.",
                memory.criterion,
            ])
        memory.judge(seen, &judgement)
        let cancelled = seen.streams.count { $0.resetByClientAt != nil }
        judgement.figure("cancelledStreamsCount", cancelled)
        if cancelled == 0 {
            judgement.find(
                .inconclusive,
                "No stream waited for its client: choose a method or a request whose response is larger than "
                    + "\(BenchText.bytes(plan.neededResponseBytes)).")
        }
        let lateBytes = seen.streams.reduce(0) { $0 + $1.lateBytes }
        judgement.figure("lateBytes", lateBytes)
        let afterReset = seen.streams.map(\.bytesAfterReset).max() ?? 0
        judgement.figure("mostBytesAfterReset", afterReset)
        if afterReset > Self.mostBytesAfterReset {
            judgement.find(
                .fail,
                "\(BenchText.bytes(afterReset)) came on a stream after its reset: it was not ended, and used the credit that had "
                    + "gone ahead of the reset.")
        }
        if lateBytes > 0 {
            judgement.find(
                .fail,
                "\(BenchText.bytes(lateBytes)) came on streams more than \(BenchText.seconds(StreamRecord.lateAfter)) after the "
                    + "client had reset them.")
        }
        for connection in seen.connections {
            if connection.goAway != nil || connection.closedAt != nil {
                judgement.find(.weak, "The server ended the connection for \(cancelled) calls that were cancelled.")
            }
            let unserved = connection.streams.dropFirst(plan.streams).count { $0.headersAt == nil && $0.endedAt == nil }
            if unserved > 0, connection.closedAt == nil {
                judgement.find(
                    .fail, "\(unserved) calls got no answer after others had been cancelled: those were not freed.")
            }
        }
        return judgement
    }

    /// Until the server is blocked, and well before it would end the streams by itself.
    private static func waiting(_ plan: BenchPlan) -> Duration {
        min(plan.isBlockedAfter + .milliseconds(300), plan.stallDeadline / 2)
    }
}
