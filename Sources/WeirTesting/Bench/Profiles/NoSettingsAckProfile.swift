// SPDX-License-Identifier: Apache-2.0

/// A client that never acknowledges the server's SETTINGS.
public struct NoSettingsAckProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "no-settings-ack"
    /// What the clients do.
    public static let summary =
        "Never acknowledges SETTINGS, and reads on."
    /// What a good server does about it.
    public static let goodServer =
        "Ends the connection with SETTINGS_TIMEOUT after a while, as RFC 9113 section 6.5.3 allows."

    /// Makes the profile.
    public init() {}

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        [BenchClient(NoSettingsAckClient(plan.call, calls: 1_000, pause: .milliseconds(100)))]
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration { plan.requestWatch }

    /// Whether nothing more can come.
    public func isDone(_ connections: [ConnectionRecord], after elapsed: Duration, _ plan: BenchPlan) -> Bool {
        !connections.isEmpty && connections.allSatisfy { !$0.isOpen || $0.goAway != nil }
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        // The specification says MAY, so a server that never does it is weak and no worse.
        let rule = ClosedConnectionRule(
            "A connection whose SETTINGS are not acknowledged", punctual: plan.requestPunctual, never: .weak,
            goAwayCounts: true)
        var judgement = judgement(seen, plan, [rule.criterion])
        rule.judge(connection(0, seen), until: seen.elapsed, &judgement)
        return judgement
    }
}
