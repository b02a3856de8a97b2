// SPDX-License-Identifier: Apache-2.0

/// An honest client that works on each message before it takes the next.
public struct OneMessageAtATimeProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "one-message-at-a-time"
    /// What the clients do.
    public static let summary =
        "Thinks about each message for a twentieth of the stall deadline, returns its bytes, and takes "
        + "the next."
    /// What a good server does about it.
    public static let goodServer =
        "Keeps the stream, although its window is nearly always too small for more than a message, and "
        + "loses nothing."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = OneMessageAtATimeClient(plan.call, thinking: Self.thinking(plan))
        client.session.streamWindowBytes = Self.windowBytes(plan)
        client.session.connectionWindowBytes = max(65_535, Self.windowBytes(plan))
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.control.firstDataAfter + plan.stallDeadline + plan.stallDeadline / 2 + .seconds(1)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let window = Self.windowBytes(plan)
        let sent = plan.bytesPerSecond * (seen.elapsed / .seconds(1))
        let rule = HonestReaderRule(
            ownPause: 4 * Self.thinking(plan) + plan.methodPause, expectedBytes: Int(min(Double(window), sent)),
            neededBytes: window + 1)
        var judgement = judgement(seen, plan, [rule.criterion])
        rule.judge(seen.connections, until: seen.elapsed, &judgement)
        judgement.figure("messagesCount", seen.streams.reduce(0) { $0 + $1.messages })
        return judgement
    }

    private static func thinking(_ plan: BenchPlan) -> Duration {
        min(.seconds(1), max(.milliseconds(10), plan.stallDeadline / 20))
    }

    /// Room for two messages: a client that takes whole messages needs a window that they fit in.
    private static func windowBytes(_ plan: BenchPlan) -> Int {
        max(plan.stallWindowBytes, min(64 << 20, 2 * (min(plan.control.largestMessageBytes, 1 << 30) + 5)))
    }
}
