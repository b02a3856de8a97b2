// SPDX-License-Identifier: Apache-2.0

/// What several profiles judge alike.
extension BenchProfile {
    /// The judgement of honest clients that fill a window, pause that long, and read on.
    package func judgeRecovered(
        _ seen: BenchObservation, _ connections: [ConnectionRecord], _ plan: BenchPlan, pause: Duration,
        _ criteria: [String] = []
    ) -> Judgement {
        let window = plan.stallWindowBytes
        let rule = HonestReaderRule(ownPause: pause + plan.methodPause, expectedBytes: 0, neededBytes: window + 1)
        var judgement = judgement(
            seen, plan,
            criteria + [
                "A client that pauses for at most \(BenchText.seconds(pause)) and reads on gets more than its window of "
                    + "\(BenchText.bytes(window)), and its stream ends with OK or not at all."
            ])
        rule.judge(connections, until: seen.elapsed, &judgement)
        let stuck = connections.flatMap(\.streams).filter { !$0.isOver && $0.dataBytes <= window }
        guard let first = stuck.first else { return judgement }
        if first.dataBytes < window {
            judgement.find(
                .inconclusive,
                "The window of \(BenchText.bytes(window)) never filled: choose a method that sends faster.")
        } else {
            judgement.find(
                .fail, "The server did not go on when the client read on: \(first.dataBytes) bytes came in all.")
        }
        return judgement
    }

    /// The judgement of connections whose clients take nothing from their sockets, with so many streams each.
    package func judgeShutSockets(_ seen: BenchObservation, _ plan: BenchPlan, streams: Int) -> Judgement {
        let fills = plan.fills(BenchPlan.kernelBytes)
        let rule = ClosedConnectionRule(punctual: fills + plan.punctual)
        let from = fills + .milliseconds(500)
        let until = seen.connections.compactMap(\.closedAt).min() ?? seen.elapsed
        let stalled = from < until ? from...until : nil
        let memory = MemoryRule(streams: streams * max(1, seen.connections.count), stalled: stalled)
        var judgement = judgement(seen, plan, [rule.criterion, memory.criterion])
        memory.judge(seen, &judgement)
        ProcessorRule(stalled: stalled).judge(seen, &judgement)
        for connection in seen.connections {
            let isHeld = connection.isOpen && connection.serverClosed != true
            if isHeld, !plan.fillsKernels(streams: streams) {
                judgement.find(
                    .inconclusive,
                    "What the method sends in that time may all be in the kernels' hands: choose a method or a request whose "
                        + "responses are larger than \(BenchText.bytes(BenchPlan.kernelBytes / max(1, streams))).")
            } else {
                rule.judge(connection, until: seen.elapsed, &judgement)
            }
        }
        return judgement
    }

    /// The judgement of connections that do not get as far as a request.
    package func judgeHandshakes(_ seen: BenchObservation, _ plan: BenchPlan, _ names: [String]) -> Judgement {
        let rules = names.map { ClosedConnectionRule($0, punctual: plan.requestPunctual, goAwayCounts: true) }
        var judgement = judgement(seen, plan, rules.map(\.criterion))
        for (rule, connection) in zip(rules, seen.connections) {
            rule.judge(connection, until: seen.elapsed, &judgement)
        }
        if seen.connections.count < names.count { judgement.find(.inconclusive, "A client could not connect.") }
        MemoryRule(streams: names.count).judge(seen, &judgement)
        return judgement
    }
}
