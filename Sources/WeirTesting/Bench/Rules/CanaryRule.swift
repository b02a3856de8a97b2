// SPDX-License-Identifier: Apache-2.0

/// Whether a well-behaved client on a connection of its own notices the profile.
///
/// Thresholds are both a multiple of what the canary saw alone and a time that a busy machine with two cores takes now and
/// then to run a process that is ready: a hundred milliseconds. A server that makes others wait makes them wait for seconds.
package struct CanaryRule: Sendable {
    /// Up to this multiple of the time alone the server passes.
    package static let passFactor = 5
    /// Up to this time it passes in any case.
    package static let passTime = Duration.milliseconds(100)
    /// Up to this multiple of the time alone it is weak.
    package static let weakFactor = 20
    /// Up to this time it is weak and no worse, in any case.
    package static let weakTime = Duration.milliseconds(500)

    /// A steady stream that waits for so long alone is not judged.
    package static let quiet = Duration.seconds(1)

    /// Makes the rule.
    package init() {}

    /// The longest time that passes, when that is what was seen alone.
    package static func passes(alone: Duration) -> Duration { max(passFactor * alone, passTime) }

    /// The longest time that is weak, when that is what was seen alone.
    package static func isWeak(alone: Duration) -> Duration { max(weakFactor * alone, weakTime) }

    /// What a server must do to pass.
    package func criterion(_ seen: BenchObservation) -> String {
        let limit = Self.passes(alone: seen.canaryAlone.percentile99)
        return "The canary's calls succeed, 99 of 100 of them with a first message in "
            + "\(BenchText.milliseconds(limit)) (alone: \(BenchText.milliseconds(seen.canaryAlone.percentile99)))."
    }

    /// Judges the canary's calls and its steady stream.
    package func judge(_ seen: BenchObservation, _ judgement: inout Judgement) {
        let (alone, beside) = (seen.canaryAlone, seen.canary)
        judgement.figure("canaryCallsCount", beside.calls)
        judgement.figure("canaryFailuresCount", beside.failures)
        judgement.figure("canaryMedianSeconds", beside.median)
        judgement.figure("canaryPercentile99Seconds", beside.percentile99)
        judgement.figure("canaryAlonePercentile99Seconds", alone.percentile99)
        judgement.figure("canaryLongestGapSeconds", beside.longestGap)
        if beside.failures > 0 {
            judgement.find(
                .fail, "\(beside.failures) of the canary's \(beside.calls + beside.failures) calls failed.")
        } else if beside.calls == 0 {
            judgement.find(.inconclusive, "The canary finished no call: run the profile for longer.")
        }
        judge(
            "The canary's first messages took", beside.percentile99, alone: alone.percentile99, &judgement)
        // A method that is quiet for so long by itself may be quiet for any time: its pauses say nothing of the server.
        guard alone.longestGap < Self.quiet else { return }
        judge("The canary's steady stream waited", beside.longestGap, alone: alone.longestGap, &judgement)
    }

    private func judge(_ what: String, _ time: Duration, alone: Duration, _ judgement: inout Judgement) {
        guard time > Self.passes(alone: alone) else { return }
        let verdict: Judgement.Verdict = time > Self.isWeak(alone: alone) ? .fail : .weak
        judgement.find(
            verdict,
            "\(what) \(BenchText.milliseconds(time)) beside the profile, and \(BenchText.milliseconds(alone)) alone; "
                + "\(BenchText.milliseconds(Self.passes(alone: alone))) would pass.")
    }
}
