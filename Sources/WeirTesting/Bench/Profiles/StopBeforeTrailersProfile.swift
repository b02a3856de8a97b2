// SPDX-License-Identifier: Apache-2.0

/// A client that takes all of a response but its last byte: the handler is done, the status waits.
public struct StopBeforeTrailersProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "stop-before-trailers"
    /// What the clients do.
    public static let summary =
        "Its windows end one byte before the end of the response."
    /// What a good server does about it.
    public static let goodServer =
        "Holds the stream to a deadline although its handler has returned, and ends it, with a status "
        + "that says why."

    /// Makes the profile.
    public init() {}

    /// A larger response would be more a test of speed.
    static let mostResponseBytes = 64 << 20

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        let response = Self.responseBytes(plan) ?? 1
        let streams = max(1, min(plan.streams, Self.mostResponseBytes / response))
        return plan.each(
            StopBeforeTrailersClient(plan.call, responseBytes: response, concurrency: streams))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(plan.streams * (Self.responseBytes(plan) ?? 0)) + .seconds(1) + plan.patience
    }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        Self.responseBytes(plan) == nil || (!connections.isEmpty && connections.allSatisfy(\.isOver))
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        guard Self.responseBytes(plan) == nil else { return judgeStalled(seen, plan) }
        var judgement = Judgement(criterion: StalledStreamRule().criterion(plan))
        judgement.find(
            .inconclusive,
            "The response did not end while the control was measured, or is larger than \(BenchText.bytes(Self.mostResponseBytes)): "
                + "choose a method or a request whose response ends.")
        return judgement
    }

    private static func responseBytes(_ plan: BenchPlan) -> Int? {
        plan.control.responseBytes.flatMap { 2...mostResponseBytes ~= $0 ? $0 : nil }
    }
}
