// SPDX-License-Identifier: Apache-2.0

/// Estimates the queue inside of the server from the shortest latency ever seen, and keeps it short.
///
/// TCP Vegas as Netflix uses it: `queue = ceil(limit x (1 - shortest / latency))`; below `log` the limit grows by beta, below
/// alpha by `log`, above beta it falls by `log`, with `log = floor(log10(limit))`, at least 1, alpha 3 x log, beta 6 x log.
/// A failure lowers it by `log`. Every 30 x limit samples, with jitter, the shortest latency is measured anew.
public struct VegasLimit: LimitAlgorithm {
    /// The limit never rises above.
    public let maximum: Int
    /// How much of each step is taken.
    public let smoothing: Double

    private var estimate: Double
    private var shortest: Int64 = 0
    private var samplesSinceProbe = 0
    private var probeJitter: Double
    private var generator: ProbeJitter

    /// The published defaults: from 20 to 1000, whole steps.
    ///
    /// `generator` seeds the jitter of the probes, so that servers that started together do not probe together.
    public init(
        initial: Int = 20, maximum: Int = 1000, smoothing: Double = 1, using generator: inout some RandomNumberGenerator
    ) {
        self.maximum = max(1, maximum)
        self.smoothing = min(max(0, smoothing), 1)
        estimate = Double(min(max(1, initial), self.maximum))
        self.generator = ProbeJitter(state: generator.next())
        probeJitter = self.generator.next()
    }

    /// The estimate, rounded down.
    public var limit: Int { max(1, Int(estimate)) }

    /// Learns from a window, by its shortest latency.
    public mutating func update(_ window: LatencyWindow) {
        let latency = window.minimumNanoseconds
        guard latency > 0 || window.failures > 0 else { return }
        samplesSinceProbe += window.samples
        if latency > 0, Double(samplesSinceProbe) >= 30 * probeJitter * estimate {
            probeJitter = generator.next()
            samplesSinceProbe = 0
            shortest = latency
            return
        }
        if latency > 0, shortest == 0 || latency < shortest {
            shortest = latency
            return
        }
        step(window, latency: latency)
    }

    private mutating func step(_ window: LatencyWindow, latency: Int64) {
        let log = Double(Self.flooredLogarithm(limit))
        let next: Double
        if window.failures > 0 {
            next = estimate - log
        } else if Double(window.peakInFlight) * 2 < estimate {
            return
        } else {
            let queue = (estimate * (1 - Double(shortest) / Double(latency))).rounded(.up)
            if queue <= log {
                next = estimate + 6 * log
            } else if queue < 3 * log {
                next = estimate + log
            } else if queue > 6 * log {
                next = estimate - log
            } else {
                return
            }
        }
        let bounded = max(1, min(Double(maximum), next))
        estimate = (1 - smoothing) * estimate + smoothing * bounded
    }

    /// The decimal logarithm, rounded down, at least 1.
    static func flooredLogarithm(_ number: Int) -> Int {
        var digits = 0
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        return max(1, digits)
    }
}

/// Numbers from 0.5 to 1, one after the other from a seed (SplitMix64).
private struct ProbeJitter: Sendable {
    var state: UInt64

    mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return 0.5 + Double(mixed >> 12) * 0x1p-53
    }
}
