// SPDX-License-Identifier: Apache-2.0

/// Collects calls until there are enough of them to learn from: at least so many, over at least so long.
struct SampleWindow: Sendable {
    private let minimumNanoseconds: Int64
    private let minimumSamples: Int
    private let shortestSample: Int64

    private var histogram = LatencyHistogram()
    private var sum = 0.0
    private var shortest = Int64.max
    private var failures = 0
    private var peakInFlight = 0
    private var wasLimited = false
    private var startedAt: PolicyInstant?

    init(duration: Duration, minimumSamples: Int, shortestSample: Duration) {
        minimumNanoseconds = max(1, duration.clampedNanoseconds)
        self.minimumSamples = max(1, minimumSamples)
        self.shortestSample = max(0, shortestSample.clampedNanoseconds)
    }

    mutating func started(inFlight: Int, at now: PolicyInstant) {
        if startedAt == nil { startedAt = now }
        peakInFlight = max(peakInFlight, inFlight)
    }

    mutating func keptOut() {
        wasLimited = true
    }

    mutating func succeeded(afterNanoseconds latency: Int64) {
        guard latency >= shortestSample else { return }
        histogram.record(latency)
        sum += Double(latency)
        shortest = min(shortest, latency)
    }

    mutating func failed() {
        failures += 1
    }

    /// The window if it is complete, and then a new one begins with the calls that still run.
    mutating func close(inFlight: Int, at now: PolicyInstant) -> LatencyWindow? {
        guard let startedAt, histogram.total + failures >= minimumSamples,
            now.nanoseconds(since: startedAt) >= minimumNanoseconds
        else { return nil }
        let samples = histogram.total
        let window = LatencyWindow(
            samples: samples, failures: failures, minimumNanoseconds: samples > 0 ? shortest : 0,
            meanNanoseconds: samples > 0 ? Int64(sum / Double(samples)) : 0, p90Nanoseconds: histogram.quantile(0.9),
            p99Nanoseconds: histogram.quantile(0.99), peakInFlight: peakInFlight, wasLimited: wasLimited)
        histogram.removeAll()
        sum = 0
        shortest = .max
        failures = 0
        peakInFlight = inFlight
        wasLimited = false
        self.startedAt = now
        return window
    }
}
