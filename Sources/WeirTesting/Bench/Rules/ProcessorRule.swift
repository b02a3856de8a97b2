// SPDX-License-Identifier: Apache-2.0

/// What the server's processor does while every stream is stalled; says nothing when its process is not known.
///
/// There is nothing to do then but to serve the canary. A server that polls its stalled streams shows here.
package struct ProcessorRule: Sendable {
    /// Below this part of one core, beyond what the canary costs alone, the server passes.
    package static let passShare = 0.25
    /// Below this part it is weak.
    package static let weakShare = 0.6
    /// Over a shorter time processor time says nothing: it is counted in steps of ten milliseconds.
    package static let shortest = Duration.milliseconds(250)

    /// From when on all streams are stalled, and until when.
    package var stalled: ClosedRange<Duration>?

    /// Makes the rule for that time.
    package init(stalled: ClosedRange<Duration>?) {
        self.stalled = stalled
    }

    /// Judges the process, if it is known.
    package func judge(_ seen: BenchObservation, _ judgement: inout Judgement) {
        guard let process = seen.process, let stalled else { return }
        let samples = seen.samples.filter { stalled.contains($0.at) && $0.processorTime != nil }
        guard let first = samples.first, let last = samples.last, last.at - first.at >= Self.shortest,
            let before = first.processorTime, let after = last.processorTime
        else { return }
        let share = max(0, (after - before) / (last.at - first.at) - process.processorShareAlone)
        judgement.figure("processorWhileStalledRatio", share)
        guard share >= Self.passShare else { return }
        judgement.find(
            share >= Self.weakShare ? .fail : .weak,
            "While every stream was stalled the server used \(BenchText.percent(share)) of a core more than for the canary "
                + "alone; less than \(BenchText.percent(Self.passShare)) would pass.")
    }
}
