// SPDX-License-Identifier: Apache-2.0

/// What stalled streams cost the server in memory; says nothing when its process is not known.
package struct MemoryRule: Sendable {
    /// A stalled stream that costs no more than this passes: four usual windows.
    package static let passBytes = 256 * 1024
    /// One that costs no more than this is weak.
    package static let weakBytes = 1024 * 1024
    /// What a process grows by without a reason: allocators take memory in blocks, collectors run late.
    package static let noiseBytes = 8 * 1024 * 1024

    /// How many streams are stalled at once at most.
    package var streams: Int
    /// From when on all of them are stalled, and until when; nil when there is no such time.
    package var stalled: ClosedRange<Duration>?
    /// When the second wave of streams began; nil without one.
    package var secondWaveAt: Duration?

    /// Makes the rule for that many streams.
    package init(streams: Int, stalled: ClosedRange<Duration>? = nil, secondWaveAt: Duration? = nil) {
        self.streams = max(1, streams)
        self.stalled = stalled
        self.secondWaveAt = secondWaveAt
    }

    /// The most that the process may grow by and pass.
    package var passes: Int { streams * Self.passBytes + Self.noiseBytes }

    /// What a server must do to pass.
    package var criterion: String {
        "If its process is known, it grows by at most \(BenchText.bytes(passes)) for \(streams) streams, and not while they "
            + "are stalled."
    }

    /// Judges the process, if it is known.
    package func judge(_ seen: BenchObservation, _ judgement: inout Judgement) {
        guard let process = seen.process, process.isAlive else { return }
        let growth = max(0, process.residentBytesPeak - process.residentBytesBefore)
        judgement.figure("memoryGrowthBytes", growth)
        judgement.figure("memoryPerStreamBytes", growth / streams)
        judgement.figure("memoryAfterBytes", process.residentBytesAfter - process.residentBytesBefore)
        if growth > passes {
            judgement.find(
                growth > streams * Self.weakBytes + Self.noiseBytes ? .fail : .weak,
                "The process grew by \(BenchText.bytes(growth)), \(BenchText.bytes(growth / streams)) for each of "
                    + "\(streams) streams; \(BenchText.bytes(passes)) in all would pass.")
        }
        judgeGrowthWhileStalled(seen, &judgement)
        judgeSecondWave(seen, process, &judgement)
    }

    /// A server that goes on buffering what nobody reads grows while nothing moves.
    private func judgeGrowthWhileStalled(_ seen: BenchObservation, _ judgement: inout Judgement) {
        guard let stalled else { return }
        let sizes = seen.samples.filter { stalled.contains($0.at) }.compactMap(\.residentBytes)
        guard let first = sizes.first, let most = sizes.max() else { return }
        judgement.figure("memoryGrowthWhileStalledBytes", most - first)
        guard most - first > passes else { return }
        judgement.find(
            .fail,
            "The process grew by \(BenchText.bytes(most - first)) while every stream was stalled: the server goes on "
                + "buffering what nobody reads.")
    }

    /// Allocators do not give memory back to the system, so it is the second wave that shows whether it can be used again.
    private func judgeSecondWave(
        _ seen: BenchObservation, _ process: BenchObservation.Process, _ judgement: inout Judgement
    ) {
        guard let secondWaveAt else { return }
        let first = seen.samples.filter { $0.at < secondWaveAt }.compactMap(\.residentBytes).max()
        let second = seen.samples.filter { $0.at >= secondWaveAt }.compactMap(\.residentBytes).max()
        guard let first, let second else { return }
        let allowed = first + max(0, first - process.residentBytesBefore) / 4 + Self.noiseBytes
        judgement.figure("secondWaveGrowthBytes", second - first)
        guard second > allowed else { return }
        judgement.find(
            .fail,
            "A second wave of the same streams took \(BenchText.bytes(second - first)) more than the first: what the first "
                + "one held was not freed.")
    }
}
