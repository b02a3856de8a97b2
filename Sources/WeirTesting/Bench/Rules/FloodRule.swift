// SPDX-License-Identifier: Apache-2.0

/// A server that is flooded with frames that it must answer, and whose answers nobody reads, does not go on reading.
package struct FloodRule: Sendable {
    /// How long the flood takes to fill both kernels with answers.
    package static let fills = Duration.seconds(2)
    /// Of frames whose answers are as long as they are, no more fits in the kernels of both sides in both directions.
    ///
    /// What was sent beyond that was read, and its answers are held or thrown away.
    package static let mostBytes = 24 << 20

    private let frames: String
    private let closed: ClosedConnectionRule

    /// Makes the rule for a flood of these frames.
    package init(frames: String, punctual: Duration) {
        self.frames = frames
        closed = ClosedConnectionRule(
            "The flooding connection", punctual: punctual + Self.fills, goAwayCounts: true)
    }

    /// What a server must do to pass.
    package var criterion: String {
        "\(closed.criterion) The server reads at most \(BenchText.bytes(Self.mostBytes)) of \(frames) frames whose answers nobody "
            + "takes."
    }

    /// Judges the flooding connection.
    package func judge(_ connection: ConnectionRecord, until end: Duration, _ judgement: inout Judgement) {
        judgement.figure("floodBytes", connection.sentBytes)
        closed.judge(connection, until: end, &judgement)
        guard connection.sentBytes > Self.mostBytes else { return }
        judgement.find(
            .fail,
            "The server read on: \(BenchText.bytes(connection.sentBytes)) of \(frames) frames were sent, and their answers are more "
                + "than the kernels hold.")
    }
}
