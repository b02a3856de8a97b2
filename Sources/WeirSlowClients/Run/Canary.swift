// SPDX-License-Identifier: Apache-2.0

internal import Histogram
internal import NIOCore
internal import Synchronization
internal import WeirTesting

/// The canary's connection, on a thread of its own, so that a busy profile does not delay what it measures.
final class Canary: Sendable {
    private let meter = CanaryMeter()
    private let isStopped = Atomic(false)

    /// Keeps a canary connected until it is stopped; blocks.
    func run(_ call: ClientCall, to address: SocketAddress) {
        let loop = SocketLoop()
        var client: SocketClient?
        func connect() {
            client = try? SocketClient(BenchClient(CanaryClient(call, meter: meter)), to: address, on: loop)
        }
        connect()
        var nextTry = loop.now + .milliseconds(200)
        while !isStopped.load(ordering: .relaxed) {
            let now = loop.now
            if client?.descriptor.number ?? -1 < 0, now >= nextTry {
                // The server sent it away, or is not there: a failure, told by the profile or here.
                if client?.connectError != nil || client == nil { meter.noteFailure() }
                nextTry = now + .milliseconds(200)
                connect()
            }
            loop.turn(until: now + .milliseconds(50))
        }
        client?.end()
    }

    /// Ends it soon.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// What was seen since the last time.
    func take() -> CanaryMeter.Reading { meter.take() }
}

/// Adds up what a canary saw.
struct CanaryTally {
    private var histogram: Histogram<UInt32>
    private(set) var total = BenchObservation.Canary()

    init() {
        // Up to a minute in microseconds, three digits: times above are counted as a minute.
        histogram = Histogram<UInt32>(
            lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
    }

    /// Adds a reading; returns the longest latency in it.
    @discardableResult
    mutating func add(_ reading: CanaryMeter.Reading) -> Duration? {
        for latency in reading.latencies {
            let microseconds = UInt64(min(60_000_000, max(1, (latency / .microseconds(1)).rounded())))
            // Calls that a slow one kept from being made would have been slow too.
            histogram.recordCorrectedValue(
                microseconds, expectedInterval: UInt64(CanaryClient.interval / .microseconds(1)))
            total.longest = max(total.longest, latency)
        }
        total.calls += reading.latencies.count
        total.failures += reading.failures
        total.steadyBytes += reading.steadyBytes
        total.longestGap = max(total.longestGap, reading.longestGap)
        return reading.latencies.max()
    }

    /// What was added up.
    var result: BenchObservation.Canary {
        var result = total
        guard histogram.totalCount > 0 else { return result }
        result.median = .microseconds(Int64(clamping: histogram.valueAtPercentile(50)))
        // Of few calls the slowest one alone would be the 99th percentile, and any busy machine has one such.
        let percentile = max(50, min(99, 100 - 150 / Double(histogram.totalCount)))
        result.percentile99 = .microseconds(Int64(clamping: histogram.valueAtPercentile(percentile)))
        return result
    }
}
