// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("BandwidthEstimator")
struct BandwidthEstimatorTests {
    private let window = 60_000

    /// One round trip in which `count` bytes arrive; returns what the window should become.
    private func sample(
        _ estimator: inout BandwidthEstimator, _ count: Int, from start: Int64, lasting roundTrip: Int64 = 1_000_000
    ) -> Int? {
        estimator.pingSubmitted()
        estimator.pingSent(at: MonotonicInstant(nanoseconds: start))
        estimator.received(count)
        return estimator.pingAcknowledged(at: MonotonicInstant(nanoseconds: start + roundTrip))
    }

    @Test("two thirds of the window within a round trip make the window twice that, one byte less does not")
    func twoThirds() {
        var first = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        let below = sample(&first, 39_999, from: 0)
        #expect(below == nil)
        var second = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        let reached = sample(&second, 40_000, from: 0)
        #expect(reached == 80_000)
        #expect(second.windowBytes == 80_000)
    }

    @Test("a window that fills as before, but no faster, does not grow")
    func noFaster() {
        var estimator = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        let first = sample(&estimator, 60_000, from: 0)
        #expect(first == 120_000)
        // Twice the bytes in twice the time: the network is full, not the window.
        let second = sample(&estimator, 120_000, from: 10_000_000, lasting: 3_000_000)
        #expect(second == nil)
        #expect(estimator.windowBytes == 120_000)
    }

    @Test("the window ends at the limit, and then nothing is measured any more")
    func limit() {
        var estimator = BandwidthEstimator(windowBytes: window, limitBytes: 100_000)
        let grown = sample(&estimator, 60_000, from: 0)
        #expect(grown == 100_000)
        estimator.received(1 << 20)
        #expect(!estimator.wantsPing)
    }

    @Test("a PING is wanted after an eighth of the window arrived, not a byte before, and not while one is in flight")
    func whenToMeasure() {
        var estimator = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        #expect(!estimator.wantsPing)
        estimator.received(7_499)
        #expect(!estimator.wantsPing)
        estimator.received(1)
        #expect(estimator.wantsPing)
        estimator.pingSubmitted()
        estimator.received(1 << 20)
        #expect(!estimator.wantsPing)
    }

    @Test("an answer nobody asked for, or one before the PING left, changes nothing")
    func forged() {
        var estimator = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        estimator.received(1 << 20)
        let unasked = estimator.pingAcknowledged(at: MonotonicInstant(nanoseconds: 5))
        #expect(unasked == nil)
        estimator.pingSubmitted()
        estimator.received(1 << 20)
        let early = estimator.pingAcknowledged(at: MonotonicInstant(nanoseconds: 5))
        #expect(early == nil)
        #expect(estimator.isMeasuring)
        #expect(estimator.windowBytes == window)
    }

    @Test("bytes from before the PING do not count")
    func countsOneRoundTrip() {
        var estimator = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        estimator.received(1 << 20)
        let grown = sample(&estimator, 39_999, from: 0)
        #expect(grown == nil)
    }

    @Test("no clock and no number of bytes overflows", arguments: [0, 1, Int64.max, .min])
    func extremes(roundTrip: Int64) {
        var estimator = BandwidthEstimator(windowBytes: window, limitBytes: 1 << 22)
        for start in [Int64.min, 0, .max] {
            for _ in 0..<15 {
                estimator.pingSubmitted()
                estimator.pingSent(at: MonotonicInstant(nanoseconds: start))
                for _ in 0..<5 { estimator.received(Int(Int32.max)) }
                _ = estimator.pingAcknowledged(at: MonotonicInstant(nanoseconds: roundTrip))
            }
        }
        #expect(estimator.windowBytes <= 1 << 22)
        #expect(estimator.windowBytes >= window)
    }
}
