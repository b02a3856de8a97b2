// SPDX-License-Identifier: Apache-2.0

/// Clients that stop reading: after a half-close, without one, and with one that comes late.
public struct HalfCloseProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "half-close"
    /// What the clients do.
    public static let summary =
        "Three clients fill their windows and stop: one has ended its side of the stream, one never "
        + "does, one does so after half the stall deadline."
    /// What a good server does about it.
    public static let goodServer =
        "Ends all three at the stall deadline with a status that says why: whether the client's side is "
        + "open says nothing about its reading."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var ended = NeverReadsClient(plan.call)
        var open = HalfCloseClient(plan.call)
        var late = HalfCloseClient(plan.call, after: plan.stallDeadline / 2)
        ended.session.streamWindowBytes = plan.stallWindowBytes
        open.session.streamWindowBytes = plan.stallWindowBytes
        late.session.streamWindowBytes = plan.stallWindowBytes
        return [BenchClient(ended), BenchClient(open), BenchClient(late)]
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.stallWatch + plan.stallDeadline / 2 }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        // Servers that wait for a half-close never answer the second one.
        connections.count == 3
            && connections.enumerated().allSatisfy { number, connection in
                connection.isOver || (number == 1 && connection.streams.allSatisfy { $0.headersAt == nil })
            }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        // Many servers call the handler of such a method only when the request has ended; that is slow-upload's subject.
        let waits = connection(1, seen).streams.first.map { $0.headersAt == nil && $0.endedAt == nil } ?? false
        let rule = StalledStreamRule()
        let judged = seen.connections.enumerated().filter { $0.offset != 1 || !waits }.map(\.element)
        var judgement = judgement(seen, plan, [rule.criterion(plan)])
        if waits {
            judgement.find(
                .pass, "Without a half-close the server did not begin to answer; that stream is not judged here.")
        }
        rule.judge(rule.streams(judged, until: seen.elapsed, plan), plan, &judgement)
        return judgement
    }
}
