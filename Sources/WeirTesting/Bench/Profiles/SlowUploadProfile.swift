// SPDX-License-Identifier: Apache-2.0

/// A client whose request message comes a byte at a time, and never whole.
public struct SlowUploadProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "slow-upload"
    /// What the clients do.
    public static let summary =
        "Sends its request's fields, and then the message so slowly that it never ends."
    /// What a good server does about it.
    public static let goodServer =
        "Gives up on the request in ten seconds or the stall deadline, whichever is longer, with a "
        + "status that says why."

    /// Makes the profile.
    public init() {}

    private static let messageBytes = 1_024

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        let interval = max(.milliseconds(20), 2 * plan.requestPunctual / Self.messageBytes)
        return plan.each(
            SlowUploadClient(
                plan.call, every: interval, messageBytes: Self.messageBytes, concurrency: plan.streams))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.requestWatch }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let memory = MemoryRule(streams: seen.streams.count)
        var judgement = judgement(
            seen, plan,
            [
                "A stream whose request does not end is ended within \(BenchText.seconds(plan.requestPunctual)).",
                memory.criterion,
            ])
        memory.judge(seen, &judgement)
        judgeEnds(seen, plan, &judgement)
        return judgement
    }

    private func judgeEnds(_ seen: BenchObservation, _ plan: BenchPlan, _ judgement: inout Judgement) {
        let ends = seen.connections.flatMap { connection in
            connection.streams.map { stream in
                (stream: stream, after: (stream.endedAt ?? connection.closedAt).map { $0 - stream.beganAt })
            }
        }
        if ends.isEmpty { judgement.find(.inconclusive, "No call was made.") }
        let held = ends.count { $0.after == nil }
        if held > 0 {
            judgement.find(
                seen.elapsed >= plan.requestPunctual ? .fail : .inconclusive,
                "\(BenchText.count(held, of: ends.count, "stream")) still waited for the rest of the request after "
                    + "\(BenchText.seconds(seen.elapsed)).")
        }
        if let latest = ends.compactMap(\.after).max() {
            judgement.figure("latestEndSeconds", latest)
            if latest > plan.requestPunctual {
                judgement.find(.weak, "A stream was ended late, after \(BenchText.seconds(latest)).")
            }
        }
        if ends.contains(where: { $0.stream.status == 0 }) {
            judgement.find(.inconclusive, "A stream ended with OK: the method does not wait for its request.")
        }
        guard let first = ends.first(where: { $0.after != nil })?.stream else { return }
        judgement.find(.pass, "A stream ended with \(StalledStreamRule.text(of: first)).")
    }
}
