// SPDX-License-Identifier: Apache-2.0

/// A client that is gone without a FIN: its machine lost power, or its network.
public struct VanishProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "vanish"
    /// What the clients do.
    public static let summary =
        "Opens its windows wide, reads a little, and is gone without a word: nothing reaches it, nothing "
        + "comes from it."
    /// What a good server does about it.
    public static let goodServer =
        "Notices that nothing moves any more and lets go of the connection at the stall deadline; others "
        + "notice nothing."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = VanishClient(plan.call, afterBytes: 16_384)
        client.session.streamWindowBytes = Int(Int32.max)
        client.session.connectionWindowBytes = Int(Int32.max)
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(BenchPlan.kernelBytes) + plan.punctual + .milliseconds(500)
    }

    /// Never: what happens, happens on the other side.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool { false }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let memory = MemoryRule(streams: max(1, seen.connections.count))
        var judgement = judgement(
            seen, plan,
            [
                "The client cannot see the end: what is judged is whether others suffer, the memory of the process if it is known, "
                    + "and whether the connection is gone when it is probed after \(BenchText.seconds(watches(plan))).",
                memory.criterion,
            ])
        memory.judge(seen, &judgement)
        let vanished = seen.connections.filter { $0.leftAt != nil }
        let (held, unknown) = (vanished.count { $0.serverClosed == false }, vanished.count { $0.serverClosed == nil })
        judgement.figure("vanishedCount", vanished.count)
        if vanished.isEmpty {
            judgement.find(
                .inconclusive,
                "No client received enough to vanish in the middle: choose a method or a request whose response is "
                    + "larger than \(BenchText.bytes(2 * 16_384)).")
        }
        if held > 0 {
            judgement.find(
                plan.fillsKernels(streams: 1) ? .fail : .inconclusive,
                "\(BenchText.count(held, of: vanished.count, "connection", .was)) still held "
                    + "\(BenchText.seconds(seen.elapsed)) after the profile began"
                    + (plan.fillsKernels(streams: 1)
                        ? "." : ", but all there was to send may be in the kernel's hands."))
        }
        if unknown > 0, seen.process == nil {
            judgement.find(
                .inconclusive, "Whether the server let go cannot be seen: nobody probed, and its process is not known.")
        }
        return judgement
    }
}
