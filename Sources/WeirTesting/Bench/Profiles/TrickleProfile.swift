// SPDX-License-Identifier: Apache-2.0

/// A client that opens its window by a byte at a time (CVE-2019-9511).
public struct TrickleProfile: BenchProfile {
    /// Its name on a command line.
    public static let name = "trickle"
    /// What the clients do.
    public static let summary =
        "Uses up a window of 1,024 bytes, then opens it by one byte in each ten milliseconds."
    /// What a good server does about it.
    public static let goodServer =
        "Answers neither each byte with a frame nor with much work. The stream lives, or is ended with a "
        + "status that names a minimum rate."

    /// Makes the profile.
    public init() {}

    /// The window that it begins with, in bytes.
    static let windowBytes = 1_024
    /// How often it opens its window by a byte.
    static let interval = Duration.milliseconds(10)
    /// Up to one tiny frame for so many bytes opened the server passes.
    package static let passFramesPerByte = 0.5

    /// The clients that are connected.
    public func clients(_ plan: BenchPlan) -> [BenchClient] {
        var client = TrickleClient(plan.call, every: Self.interval)
        client.session.streamWindowBytes = Self.windowBytes
        return plan.each(client)
    }

    /// How long to watch at most.
    public func watches(_ plan: BenchPlan) -> Duration {
        plan.fills(Self.windowBytes) + plan.stallDeadline + plan.stallDeadline / 4 + .seconds(1)
    }

    /// What to say of the server.
    public func judge(_ seen: BenchObservation, _ plan: BenchPlan) -> Judgement {
        var judgement = judgement(
            seen, plan,
            [
                "The stream lives beyond the stall deadline, \(BenchText.seconds(plan.stallDeadline)), or ends with a status and "
                    + "a text; at most \(BenchText.percent(Self.passFramesPerByte)) of the bytes come alone."
            ])
        for connection in seen.connections {
            guard let stream = connection.streams.first else {
                judgement.find(.inconclusive, "No call was made: the connection was not there, or ended at once.")
                continue
            }
            judgeEnd(stream, connection, &judgement)
            judgeFrames(stream, &judgement)
        }
        let from = plan.fills(Self.windowBytes) + .milliseconds(500)
        ProcessorRule(stalled: from < seen.elapsed ? from...seen.elapsed : nil).judge(seen, &judgement)
        MemoryRule(streams: seen.connections.count).judge(seen, &judgement)
        return judgement
    }

    private func judgeEnd(_ stream: StreamRecord, _ connection: ConnectionRecord, _ judgement: inout Judgement) {
        guard stream.endedAt != nil else {
            if connection.closedAt != nil { judgement.find(.weak, "The server closed the connection without a word.") }
            if stream.dataBytes <= Self.windowBytes {
                judgement.find(.weak, "The server sent none of the bytes for which the window was opened.")
            }
            return
        }
        let text = StalledStreamRule.text(of: stream)
        if stream.status == 0 {
            guard stream.dataBytes <= Self.windowBytes else { return }
            judgement.find(
                .inconclusive,
                "The response fits in the first window: choose a method or a request whose response is larger "
                    + "than \(BenchText.bytes(2 * Self.windowBytes)).")
        } else if stream.status != nil, !(stream.message ?? "").isEmpty {
            judgement.find(.pass, "The stream was ended, with \(text): the server asks for a minimum rate.")
        } else {
            judgement.find(.weak, "The stream was ended without a status and a text (\(text)).")
        }
    }

    private func judgeFrames(_ stream: StreamRecord, _ judgement: inout Judgement) {
        let trickled = stream.dataBytes - Self.windowBytes
        guard trickled > 0 else { return }
        let ratio = Double(stream.tinyDataFrames) / Double(trickled)
        judgement.figure("trickledBytes", trickled)
        judgement.figure("tinyFramesCount", stream.tinyDataFrames)
        judgement.figure("tinyFramesPerByteRatio", ratio)
        guard ratio > Self.passFramesPerByte else { return }
        judgement.find(
            .weak,
            "\(stream.tinyDataFrames) DATA frames of fewer than five bytes answered \(trickled) bytes of window: nearly a "
                + "frame of nine bytes' header for each.")
    }
}
