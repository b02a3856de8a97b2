// SPDX-License-Identifier: Apache-2.0

/// A client with open windows that takes nothing from its socket (CVE-2019-9517).
public struct TCPShutHTTP2OpenProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "tcp-shut-http2-open"
    /// What the clients do.
    public static let summary =
        "Opens its HTTP/2 windows as far as they go and reads nothing from its socket."
    /// What a good server does about it.
    public static let goodServer =
        "Does not take open windows for a reader: it holds little, and closes the connection at the "
        + "stall deadline, for nothing else frees it."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        let knocking = min(.seconds(1), max(.milliseconds(100), plan.stallDeadline / 20))
        return plan.each(
            TCPShutHTTP2OpenClient(plan.call, concurrency: plan.streams, knocking: knocking), receiveBufferBytes: 4_096)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.fills(BenchPlan.kernelBytes) + plan.patience }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        judgeShutSockets(seen, plan, streams: plan.streams)
    }
}
