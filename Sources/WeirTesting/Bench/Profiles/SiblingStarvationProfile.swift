// SPDX-License-Identifier: Apache-2.0

/// A client that returns the connection's credit only for what it consumes, with one stream that stops.
public struct SiblingStarvationProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "sibling-starvation"
    /// What the clients do.
    public static let summary =
        "One stream stops reading, its siblings on the same connection read everything; credit returns "
        + "for what is consumed."
    /// What a good server does about it.
    public static let goodServer =
        "Does not let the stopped stream use up the connection's window: its siblings keep their rate. "
        + "It ends that stream at the stall deadline, if it ever filled its own window."

    /// Makes the profile.
    public init() {}

    /// What siblings may wait beyond the method's own pauses: what the canary may, and it is weak and no worse.
    package static let allowance = CanaryRule.weakTime
    /// The part of an equal share of the control's rate that a sibling can expect: windows are small and shared here.
    package static let expectedShare = 0.02

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        let siblings = max(1, plan.streams - 1)
        // Short responses follow one another, so many that the record holds them all.
        let pause = max(.milliseconds(10), watches(plan) * siblings / ConnectionRecord.keptStreams * 2)
        return plan.each(
            SiblingStarvationClient(plan.call, siblings: siblings, calls: ConnectionRecord.keptStreams, pause: pause))
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(BenchPlan.usualWindowBytes) + .seconds(1) + plan.patience
    }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        // A server that keeps the stopped stream within its share has no reason to end it.
        let isLong = elapsed > plan.fills(BenchPlan.usualWindowBytes) + .seconds(1) + plan.punctual
        return !connections.isEmpty
            && connections.allSatisfy { connection in
                guard connection.isOpen, let stopped = connection.streams.first else { return true }
                return stopped.isOver || (isLong && Self.isWithinShare(stopped, plan))
            }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        let siblings = max(1, plan.streams - 1) * max(1, seen.connections.count)
        let rate = plan.bytesPerSecond(windows: plan.connections, of: seen.canaryAlone)
        let share = rate * (seen.elapsed / .seconds(1)) / Double(siblings)
        let honest = HonestReaderRule(
            ownPause: plan.methodPause + plan.control.firstDataAfter,
            expectedBytes: Int(min(share * Self.expectedShare, 1e15)), allowance: Self.allowance)
        let stalled = StalledStreamRule(neededBytes: BenchPlan.usualWindowBytes)
        var judgement = judgement(seen, plan, [stalled.criterion(plan), "Of a sibling: " + honest.criterion])
        let stopped = stalled.streams(seen.connections, until: seen.elapsed, plan) {
            $0.stream == SiblingStarvationClient.stoppedStream
        }
        judgement.figure("stoppedStreamBytes", stopped.map(\.stream.dataBytes).max() ?? 0)
        // While a stream's own window is open nobody can tell its reader from one that waits for its turn.
        let filled = stopped.filter { !Self.isWithinShare($0.stream, plan) }
        if share * Double(siblings) < Double(2 * BenchPlan.usualWindowBytes) {
            judgement.find(.inconclusive, "The method is too slow to use up a window: choose one that sends faster.")
        } else if filled.isEmpty, !stopped.isEmpty {
            judgement.find(.pass, "The stopped stream was kept within a share of the connection's window.")
        } else {
            stalled.judge(filled, plan, &judgement)
        }
        honest.judge(seen.connections, until: seen.elapsed, &judgement) {
            // One that has just begun has nothing to show.
            $0.stream != SiblingStarvationClient.stoppedStream && seen.elapsed - $0.beganAt >= Self.allowance
        }
        let taken = seen.streams.filter { $0.stream != SiblingStarvationClient.stoppedStream }
        judgement.figure("siblingBytes", taken.reduce(0) { $0 + $1.dataBytes })
        return judgement
    }

    /// Whether the server could still have sent a message on the stream, and did not.
    private static func isWithinShare(_ stream: StreamRecord, _ plan: BenchPlan) -> Bool {
        stream.windowBytes > BenchPlan.usualWindowBytes / 4 && stream.status != 0
    }
}
