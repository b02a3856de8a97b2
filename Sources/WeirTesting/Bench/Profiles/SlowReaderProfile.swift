// SPDX-License-Identifier: Apache-2.0

/// An honest client that is slow: it returns half a window four times in each stall deadline.
public struct SlowReaderProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "slow-reader"
    /// What the clients do.
    public static let summary =
        "Takes a window in half a stall deadline, evenly, and returns credit when half a window was "
        + "taken."
    /// What a good server does about it.
    public static let goodServer =
        "Keeps the stream, loses nothing, and sends as fast as the client takes."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = SlowReaderClient(plan.call, bytesPerSecond: Self.bytesPerSecond(plan), tick: Self.tick(plan))
        client.session.streamWindowBytes = plan.stallWindowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.control.firstDataAfter + plan.stallDeadline + plan.stallDeadline / 2 + .seconds(1)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let window = plan.stallWindowBytes
        let taken = Double(Self.bytesPerSecond(plan)) * (seen.elapsed / .seconds(1))
        let sent = plan.bytesPerSecond * (seen.elapsed / .seconds(1))
        let rule = HonestReaderRule(
            ownPause: plan.stallDeadline / 4 + 2 * Self.tick(plan) + plan.methodPause,
            expectedBytes: Int(min(taken, sent, 1e15)), neededBytes: window + 1)
        var judgement = judgement(seen, plan, [rule.criterion])
        judgement.figure("clientBytesPerSecond", Self.bytesPerSecond(plan))
        rule.judge(seen.connections, until: seen.elapsed, &judgement)
        return judgement
    }

    private static func bytesPerSecond(_ plan: BenchPlan) -> Int {
        let seconds = max(0.001, plan.stallDeadline / .seconds(1))
        return max(1, Int(2 * Double(plan.stallWindowBytes) / seconds))
    }

    private static func tick(_ plan: BenchPlan) -> Duration {
        min(.seconds(1), max(.milliseconds(10), plan.stallDeadline / 40))
    }
}
