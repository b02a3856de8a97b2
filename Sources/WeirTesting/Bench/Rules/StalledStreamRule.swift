// SPDX-License-Identifier: Apache-2.0

/// A stream whose client takes nothing is ended at the stall deadline, and its client is told why.
///
/// A standard client shows `grpc-status` and `grpc-message` to its user; of a reset it shows a number at best, and it throws
/// away what it had received. Trailers pass a window that is shut, for HEADERS are not flow-controlled (RFC 9113 §5.2.1).
package struct StalledStreamRule: Sendable {
    /// A stream that ended without a byte before this part of the deadline did not stall: it was refused.
    package static let refusedBefore = 0.25

    /// Whether the time counts from the last byte of the whole connection.
    package var countsConnection = false
    /// Whether the client can be told: there is a way past what is shut.
    package var canBeTold = true

    /// A response must be larger than this to stall; nil: what the plan says.
    package var neededBytes: Int?

    /// Makes the rule.
    package init(countsConnection: Bool = false, canBeTold: Bool = true, neededBytes: Int? = nil) {
        self.countsConnection = countsConnection
        self.canBeTold = canBeTold
        self.neededBytes = neededBytes
    }

    /// What a server must do to pass.
    package func criterion(_ plan: BenchPlan) -> String {
        let told =
            canBeTold
            ? "with trailers that carry a grpc-status other than 0 and a grpc-message" : "in whatever way"
        return
            "A stalled stream ends within \(BenchText.seconds(plan.punctual)) after its last byte (the stall deadline is "
            + "\(BenchText.seconds(plan.stallDeadline))), \(told)."
    }

    /// The streams of these connections that were to stall, and how they ended.
    package func streams(
        _ connections: [ConnectionRecord], until end: Duration, _ plan: BenchPlan,
        where isStalled: (StreamRecord) -> Bool = { _ in true }
    ) -> [StalledStream] {
        connections.flatMap { connection in
            connection.streams.filter { isStalled($0) && $0.resetByClientAt == nil }.map {
                StalledStream($0, connection, until: end, countsConnection: countsConnection, plan)
            }
        }
    }

    /// Judges streams that were to stall.
    package func judge(_ streams: [StalledStream], _ plan: BenchPlan, _ judgement: inout Judgement) {
        guard !streams.isEmpty else {
            judgement.find(.inconclusive, "No call was made: the connection was not there, or ended at once.")
            return
        }
        noteFigures(streams, &judgement)
        judgeUnstalled(streams, plan, &judgement)
        judgeHeld(streams, plan, &judgement)
        judgeManner(streams, &judgement)
    }

    private func noteFigures(_ streams: [StalledStream], _ judgement: inout Judgement) {
        let ended = streams.filter { ![.held, .complete, .refused].contains($0.ending) }
        judgement.figure("stalledStreamsCount", streams.count)
        judgement.figure("toldStreamsCount", streams.count { $0.ending == .told })
        judgement.figure("heldStreamsCount", streams.count { $0.ending == .held })
        if let first = ended.map(\.after).min(), let last = ended.map(\.after).max() {
            judgement.figure("earliestEndSeconds", first)
            judgement.figure("latestEndSeconds", last)
        }
        if let told = ended.first(where: { $0.stream.status != nil })?.stream {
            judgement.figure("statusText", "\(told.status ?? -1)")
            judgement.figure("messageText", told.text ?? "")
        }
    }

    /// Streams of which nothing can be said.
    private func judgeUnstalled(_ streams: [StalledStream], _ plan: BenchPlan, _ judgement: inout Judgement) {
        let complete = streams.count { $0.ending == .complete }
        if complete > 0 {
            judgement.find(
                .inconclusive,
                "\(BenchText.count(complete, of: streams.count, "stream")) got the whole response and did not stall: choose a "
                    + "method or a request whose response is larger than \(BenchText.bytes(neededBytes ?? plan.neededResponseBytes))."
            )
        }
        let refused = streams.filter { $0.ending == .refused }
        guard let first = refused.first else { return }
        judgement.find(
            .inconclusive,
            "\(BenchText.count(refused.count, of: streams.count, "stream")) ended after \(BenchText.seconds(first.after)) without "
                + "a byte (\(Self.text(of: first.stream))), before it can have stalled: use fewer streams, or look why."
        )
    }

    private func judgeHeld(_ streams: [StalledStream], _ plan: BenchPlan, _ judgement: inout Judgement) {
        let held = streams.filter { $0.ending == .held }
        let sure = held.filter { $0.after > plan.punctual }
        if let longest = sure.max(by: { $0.after < $1.after }) {
            judgement.find(
                .fail,
                "\(BenchText.count(sure.count, of: streams.count, "stream", .was)) still held \(BenchText.seconds(longest.after)) "
                    + "after the last of \(BenchText.bytes(longest.stream.dataBytes)).")
        }
        if held.count > sure.count {
            judgement.find(
                .inconclusive,
                "\(BenchText.count(held.count - sure.count, of: streams.count, "stream")) still moved when the profile ended: the "
                    + "window never filled; choose a method that sends faster.")
        }
        let late = streams.filter { ![.held, .complete, .refused].contains($0.ending) && $0.after > plan.punctual }
        if let latest = late.map(\.after).max() {
            judgement.find(
                .weak,
                "\(BenchText.count(late.count, of: streams.count, "stream")) ended late: \(BenchText.seconds(latest)) after the "
                    + "last byte.")
        }
    }

    private func judgeManner(_ streams: [StalledStream], _ judgement: inout Judgement) {
        func find(_ reason: String, where matches: (StalledEnding) -> Bool) {
            let matching = streams.filter { matches($0.ending) }
            guard let first = matching.first else { return }
            judgement.find(
                canBeTold ? .weak : .pass,
                "\(BenchText.count(matching.count, of: streams.count, "stream")) ended \(reason) (\(Self.text(of: first.stream)))."
            )
        }
        find("with a status and no text, so that nobody sees why") { $0 == .toldWithoutText }
        find("with OK, as if the response were complete") { $0 == .calledComplete }
        find("with a reset and no status: the client sees no reason, and loses what it had received") {
            if case .reset = $0 { true } else { false }
        }
        find("with its whole connection, although it could have been told alone") { $0 == .closed }
    }

    /// How a stream ended, for a reason.
    static func text(of stream: StreamRecord) -> String {
        if let status = stream.status {
            return "status \(status)" + (stream.text.map { $0.isEmpty ? "" : " \"\($0)\"" } ?? "")
        }
        return stream.reset.map { "RST_STREAM with code \($0)" } ?? "no status"
    }
}
