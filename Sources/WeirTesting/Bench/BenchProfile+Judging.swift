// SPDX-License-Identifier: Apache-2.0

/// What profiles have in common when they judge.
extension BenchProfile {
    /// A judgement with what holds for every profile: the canary, the protocol.
    package func judgement(_ seen: BenchObservation, _ plan: BenchPlan, _ criteria: [String]) -> Judgement {
        let canary = CanaryRule()
        var judgement = Judgement(criterion: (criteria + [canary.criterion(seen)]).joined(separator: " "))
        ProtocolRule().judge(seen, plan, &judgement)
        canary.judge(seen, &judgement)
        return judgement
    }

    /// The judgement of a profile in which every stream stalls.
    package func judgeStalled(
        _ seen: BenchObservation, _ plan: BenchPlan, rule: StalledStreamRule = StalledStreamRule(),
        secondWaveAt: Duration? = nil, where isStalled: (StreamRecord) -> Bool = { _ in true }
    ) -> Judgement {
        let streams = rule.streams(seen.connections, until: seen.elapsed, plan, where: isStalled)
        let stalled = StalledPeriod.of(streams, until: secondWaveAt ?? seen.elapsed)
        let memory = MemoryRule(streams: StalledPeriod.most(streams), stalled: stalled, secondWaveAt: secondWaveAt)
        var judgement = judgement(seen, plan, [rule.criterion(plan), memory.criterion])
        rule.judge(streams, plan, &judgement)
        memory.judge(seen, &judgement)
        ProcessorRule(stalled: stalled).judge(seen, &judgement)
        return judgement
    }

    /// The connection of the client with this number; an empty one if it was not made.
    package func connection(_ number: Int, _ seen: BenchObservation) -> ConnectionRecord {
        number < seen.connections.count ? seen.connections[number] : ConnectionRecord()
    }
}

/// When the streams of a profile are all stalled.
package enum StalledPeriod {
    /// Half a second after the last byte of any to the first end, not beyond `end`; nil when there is no such time.
    ///
    /// The half second is for what the server still does about the last bytes. Of streams that come one after the other it is
    /// the first ones that count: those that had begun before the first one ended.
    package static func of(_ streams: [StalledStream], until end: Duration) -> ClosedRange<Duration>? {
        let firstEnd = streams.map { $0.since + $0.after }.min() ?? end
        let first = streams.filter { $0.stream.beganAt < firstEnd }
        guard let last = first.map(\.since).max() else { return nil }
        let (from, until) = (last + .milliseconds(500), min(firstEnd, end))
        return from < until ? from...until : nil
    }

    /// The most streams that were there at once.
    package static func most(_ streams: [StalledStream]) -> Int {
        let begins = streams.map { (at: $0.stream.beganAt, change: 1) }
        let ends = streams.map { (at: $0.since + $0.after, change: -1) }
        var (open, most) = (0, 0)
        // At the same instant ends come first.
        for event in (begins + ends).sorted(by: { ($0.at, $0.change) < ($1.at, $1.change) }) {
            open += event.change
            most = max(most, open)
        }
        return most
    }
}
