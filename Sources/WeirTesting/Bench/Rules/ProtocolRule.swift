// SPDX-License-Identifier: Apache-2.0

/// What holds for every server under every profile: it lives, keeps to the windows, and loses no byte.
package struct ProtocolRule: Sendable {
    /// Makes the rule.
    package init() {}

    /// Judges all connections, and the process if it is known.
    package func judge(_ seen: BenchObservation, _ plan: BenchPlan, _ judgement: inout Judgement) {
        if seen.process?.isAlive == false { judgement.find(.fail, "The server's process died.") }
        if !seen.connections.allSatisfy(\.isUnderstood) {
            judgement.find(.fail, "The server sent what are no HTTP/2 frames, or fields that cannot be decoded.")
        }
        judgeWindows(seen, &judgement)
        judgeContent(seen, plan, &judgement)
    }

    private func judgeWindows(_ seen: BenchObservation, _ judgement: inout Judgement) {
        let violations = seen.streams.reduce(0) { $0 + $1.violationBytes }
        judgement.figure("windowViolationBytes", violations)
        guard violations > 0 else { return }
        judgement.find(
            .fail, "The server sent \(BenchText.bytes(violations)) beyond the windows (RFC 9113 section 6.9.1).")
    }

    private func judgeContent(_ seen: BenchObservation, _ plan: BenchPlan, _ judgement: inout Judgement) {
        let finished = seen.streams.filter { $0.status == 0 && $0.reset ?? 0 == 0 }
        let cut = finished.count { $0.cutBytes > 0 }
        if cut > 0 {
            judgement.find(
                .fail, "\(BenchText.count(cut, of: finished.count, "stream")) ended with OK in the middle of a message."
            )
        }
        guard let expected = plan.control.responseBytes else { return }
        let wrong = finished.filter { $0.dataBytes != expected }
        guard let first = wrong.first else { return }
        judgement.find(
            .fail,
            "\(BenchText.count(wrong.count, of: finished.count, "stream")) ended with OK and \(first.dataBytes) bytes; the "
                + "control's response has \(expected): bytes were lost or doubled.")
    }
}
