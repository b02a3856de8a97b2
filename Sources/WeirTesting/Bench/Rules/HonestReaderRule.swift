// SPDX-License-Identifier: Apache-2.0

/// A slow reader that is honest lives, loses nothing, and gets its bytes as fast as it takes them.
package struct HonestReaderRule: Sendable {
    /// What a server may add to a client's own pauses.
    ///
    /// A second, for which it may hold back a message that a window cannot finish, and a second of a busy machine.
    package static let usualAllowance = Duration.seconds(2)
    /// From this part of the expected bytes on a reader got what it asked for.
    package static let passShare = 0.5
    /// From this part on the server is weak and no worse.
    package static let weakShare = 0.25

    /// The longest pause that the client itself makes.
    package var ownPause: Duration
    /// How many bytes each stream must have received at the end, if it is still running and all goes well.
    package var expectedBytes: Int
    /// A shorter response shows nothing.
    package var neededBytes: Int
    /// What the server may add to the client's pauses; with three times as much it fails.
    package var allowance: Duration

    /// Makes the rule for a client that pauses so long and can expect so many bytes.
    package init(
        ownPause: Duration, expectedBytes: Int, neededBytes: Int = 0, allowance: Duration = Self.usualAllowance
    ) {
        self.allowance = allowance
        self.ownPause = ownPause
        self.expectedBytes = expectedBytes
        self.neededBytes = neededBytes
    }

    /// The longest wait for bytes that passes.
    package var longestWait: Duration { ownPause + allowance }

    /// What a server must do to pass.
    package var criterion: String {
        "The stream is not ended by the server but with OK, never waits for more than \(BenchText.seconds(longestWait)), and "
            + "brings \(BenchText.bytes(Int(Double(expectedBytes) * Self.passShare))) or its whole response."
    }

    /// Judges streams that were watched until `end`.
    package func judge(
        _ connections: [ConnectionRecord], until end: Duration, _ judgement: inout Judgement,
        where isJudged: (StreamRecord) -> Bool = { _ in true }
    ) {
        var longestWait = Duration.zero
        var fewestBytes: Int?
        var streams = 0
        for connection in connections {
            let sentAway = connection.streams.filter(isJudged).filter { Self.isSentAway($0, connection) }
            judgeSentAway(sentAway.count, connection, &judgement)
            for stream in connection.streams where isJudged(stream) {
                streams += 1
                if Self.isSentAway(stream, connection) { continue }
                judgeEnd(stream, connection, &judgement)
                let over = stream.endedAt ?? stream.resetByClientAt ?? connection.closedAt ?? connection.leftAt ?? end
                longestWait = max(longestWait, Self.wait(stream, until: over))
                if !stream.isOver { fewestBytes = min(fewestBytes ?? .max, stream.dataBytes) }
            }
        }
        judgement.figure("honestStreamsCount", streams)
        guard streams > 0 else {
            judgement.find(.inconclusive, "No call was made: the connection was not there, or ended at once.")
            return
        }
        judgeWait(longestWait, &judgement)
        if let fewestBytes { judgeBytes(fewestBytes, &judgement) }
    }

    /// The longest that a stream waited for bytes: for the first ones, in between, and for the end.
    package static func wait(_ stream: StreamRecord, until over: Duration) -> Duration {
        let first = (stream.firstDataAt ?? over) - stream.beganAt
        let last = over - (stream.lastDataAt ?? over)
        return max(first, stream.longestGap, last, .zero)
    }

    /// Whether the server had taken its leave, without an error, before it worked on this stream (RFC 9113 §6.8).
    ///
    /// The client may make the call again elsewhere, and clients do: nothing is lost.
    private static func isSentAway(_ stream: StreamRecord, _ connection: ConnectionRecord) -> Bool {
        guard let goAway = connection.goAway, goAway.code == 0, stream.stream > goAway.lastStream else { return false }
        return stream.status == nil && stream.dataBytes == 0
    }

    /// A server that ends its connections once they are old, as many do, is no worse for that; but less was seen of it.
    ///
    /// Where the client took its leave first the end was asked for.
    private func judgeSentAway(_ count: Int, _ connection: ConnectionRecord, _ judgement: inout Judgement) {
        guard let goAway = connection.goAway, goAway.code == 0, connection.goAwaySentAt == nil else { return }
        let rest = connection.streams.filter { !Self.isSentAway($0, connection) }
        guard count > 0 || (connection.closedAt != nil && rest.allSatisfy { $0.status == 0 }) else { return }
        judgement.find(
            .inconclusive,
            "The server ended the connection by itself after \(BenchText.seconds(goAway.at)) (GOAWAY, NO_ERROR"
                + (goAway.text.isEmpty ? "" : " \"\(goAway.text)\"")
                + "), with all calls complete that it had begun: run it with a greater maximum age of connections.")
    }

    private func judgeEnd(_ stream: StreamRecord, _ connection: ConnectionRecord, _ judgement: inout Judgement) {
        guard let endedAt = stream.endedAt else {
            if let closedAt = connection.closedAt, stream.resetByClientAt == nil {
                judgement.find(
                    .fail, "The connection of an honest reader was closed after \(BenchText.seconds(closedAt)).")
            }
            return
        }
        guard stream.status == 0 else {
            judgement.find(
                .fail,
                "An honest reader's stream ended after \(BenchText.seconds(endedAt - stream.beganAt)) and "
                    + "\(BenchText.bytes(stream.dataBytes)): \(StalledStreamRule.text(of: stream)).")
            return
        }
        guard stream.dataBytes < neededBytes else { return }
        judgement.find(
            .inconclusive,
            "The whole response has \(BenchText.bytes(stream.dataBytes)) and came before the client had to be slow: choose a "
                + "method or a request whose response is larger than \(BenchText.bytes(neededBytes)).")
    }

    private func judgeWait(_ wait: Duration, _ judgement: inout Judgement) {
        judgement.figure("longestWaitSeconds", wait)
        guard wait > longestWait else { return }
        judgement.find(
            wait > ownPause + 3 * allowance ? .fail : .weak,
            "A stream waited \(BenchText.seconds(wait)) for bytes; the client's own pauses are \(BenchText.seconds(ownPause))."
        )
    }

    private func judgeBytes(_ bytes: Int, _ judgement: inout Judgement) {
        judgement.figure("slowestStreamBytes", bytes)
        guard Double(bytes) < Double(expectedBytes) * Self.passShare else { return }
        judgement.find(
            Double(bytes) < Double(expectedBytes) * Self.weakShare ? .fail : .weak,
            "A stream got \(BenchText.bytes(bytes)) of the \(BenchText.bytes(expectedBytes)) that its client was ready to take."
        )
    }
}
