// SPDX-License-Identifier: Apache-2.0

/// Streams that all want everything get about the same.
package struct FairShareRule: Sendable {
    /// From this part of the mean on the slowest stream has its share: turns are taken in pieces, and a short run ends in one.
    package static let passShare = 0.25
    /// With fewer bytes for each stream than this the pieces are too large to tell.
    package static let fewestBytes = 256 * 1024

    /// Makes the rule.
    package init() {}

    /// Judges streams that were open all the time.
    package func judge(_ streams: [StreamRecord], _ judgement: inout Judgement) {
        guard streams.count > 1, let fewest = streams.map(\.dataBytes).min() else { return }
        let mean = streams.reduce(0) { $0 + $1.dataBytes } / streams.count
        guard mean >= Self.fewestBytes else { return }
        let share = Double(fewest) / Double(mean)
        judgement.figure("slowestStreamShareRatio", share)
        guard share < Self.passShare else { return }
        judgement.find(
            .weak,
            "The slowest of \(streams.count) streams got \(BenchText.bytes(fewest)), \(BenchText.percent(share)) of the mean."
        )
    }
}
