// SPDX-License-Identifier: Apache-2.0

/// Measures with PING how much a peer sends within one round trip, and says how wide a receive window should be.
///
///     idle ──an eighth of a window arrived──► PING in flight, bytes counted ──its ACK──► idle
///
/// When the bytes of a round trip are two thirds of the window, and the peer sent faster than ever before, the window may be
/// what holds it back: it becomes twice the sample. At most one PING is in flight, and a peer that sends nothing, or a
/// few bytes now and then, gets none. After the last useful step there are no more.
package struct BandwidthEstimator {
    /// The window that samples are compared with, in bytes.
    package private(set) var windowBytes: Int
    /// No window becomes wider than this, in bytes.
    package let limitBytes: Int
    /// Whether a PING was submitted and is not answered yet.
    package private(set) var isMeasuring = false

    private var sentAt: MonotonicInstant?
    /// Bytes since the PING was submitted, or since the last one was answered.
    private var countedBytes = 0
    private var bestBytesPerSecond = 0
    private var roundTripNanoseconds: Int64 = 0
    private var samples: Int64 = 0

    /// Samples until the mean of round trips becomes a moving one.
    private static let firstSamples: Int64 = 10
    /// Most bytes that are counted: arithmetic with them must not overflow.
    private static let mostBytes = 1 << 32
    /// Longest round trip that is believed, in nanoseconds: an hour.
    private static let longestRoundTrip: Int64 = 3_600_000_000_000

    /// Makes an estimator for a window that is `windowBytes` wide; with a limit no larger than that it never measures.
    package init(windowBytes: Int, limitBytes: Int) {
        self.windowBytes = max(1, windowBytes)
        self.limitBytes = limitBytes
    }

    /// DATA arrived; padding does not count.
    package mutating func received(_ count: Int) {
        countedBytes = min(countedBytes + count, Self.mostBytes)
    }

    /// Whether a PING should go out now.
    package var wantsPing: Bool {
        !isMeasuring && windowBytes < limitBytes && countedBytes > 0 && countedBytes >= windowBytes / 8
    }

    /// The PING was submitted: a sample begins.
    package mutating func pingSubmitted() {
        isMeasuring = true
        sentAt = nil
        countedBytes = 0
    }

    /// The PING is on its way: the round trip begins.
    package mutating func pingSent(at now: MonotonicInstant) {
        if isMeasuring, sentAt == nil { sentAt = now }
    }

    /// The PING was answered; returns the window's new size when it should become wider.
    ///
    /// An answer to a PING that is not in flight changes nothing.
    package mutating func pingAcknowledged(at now: MonotonicInstant) -> Int? {
        guard isMeasuring, let sentAt else { return nil }
        isMeasuring = false
        let sample = countedBytes
        countedBytes = 0
        note(roundTrip: min(max(1, now.nanoseconds(since: sentAt)), Self.longestRoundTrip))
        let bytesPerSecond = Int(Double(sample) / Double(roundTripNanoseconds) * 1e9)
        guard bytesPerSecond > bestBytesPerSecond else { return nil }
        bestBytesPerSecond = bytesPerSecond
        guard sample * 3 >= windowBytes * 2, windowBytes < limitBytes else { return nil }
        // Twice a sample of two thirds of the window is more than the window.
        windowBytes = min(2 * sample, limitBytes)
        return windowBytes
    }

    private mutating func note(roundTrip: Int64) {
        samples += 1
        let difference = roundTrip - roundTripNanoseconds
        if samples <= Self.firstSamples {
            roundTripNanoseconds += difference / samples
        } else {
            roundTripNanoseconds += difference * 9 / 10
        }
        roundTripNanoseconds = max(1, roundTripNanoseconds)
    }
}
