// SPDX-License-Identifier: Apache-2.0

/// How long a call holds its place, as a moving mean: when the callers that were turned away may come back.
struct HoldingTime {
    /// The mean in nanoseconds; nil until the first call has ended.
    private(set) var meanNanoseconds: Int64?

    /// A call held its place for so long; the newest counts for an eighth.
    mutating func record(nanoseconds: Int64) {
        let sample = min(max(0, nanoseconds), Self.longestNanoseconds)
        guard let mean = meanNanoseconds else {
            meanNanoseconds = sample
            return
        }
        meanNanoseconds = mean + (sample - mean) / 8
    }

    /// When a place can be expected to be free.
    ///
    /// After one mean all calls that are running now have ended. Before the first has ended a second is assumed.
    var retryAfter: Duration {
        let mean = meanNanoseconds ?? 1_000_000_000
        return .nanoseconds(min(max(mean, Self.shortestNanoseconds), 30_000_000_000))
    }

    /// A call of a day counts as an hour, so that one long call does not set the mean for the next hundred.
    private static var longestNanoseconds: Int64 { 3_600_000_000_000 }
    /// Nobody is asked to come back within 10 ms: a round trip would be the larger part of it.
    private static var shortestNanoseconds: Int64 { 10_000_000 }
}
