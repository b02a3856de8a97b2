// SPDX-License-Identifier: Apache-2.0

/// Compares the latency of the last window with that of the long run, and lowers the limit by their ratio.
///
/// Netflix's Gradient2: `g = clamp(tolerance x long / short, 0.5, 1)`, `new = limit x g + queue`,
/// `limit = (1 - smoothing) x limit + smoothing x new`; a window that used less than half of the limit changes nothing.
/// `short` is the window's p90, `long` its moving mean over ``longWindow`` windows. Two additions can be chosen:
/// *a frozen baseline*, where `long` does not learn from windows in which calls were kept out, so that lasting overload does
/// not come to look normal; and *a fast start*, where the limit doubles until latency first answers. A frozen baseline is
/// measured anew after ``Configuration/probesAfter`` windows: the limit goes to its minimum for two windows, where latency is
/// not its doing, so that a normal that has become slower is found out.
public struct Gradient2Limit: LimitAlgorithm {
    /// The settings, with the published defaults.
    public struct Configuration: Hashable, Sendable {
        /// The first limit.
        public var initial = 20
        /// The limit never falls below.
        public var minimum = 20
        /// The limit never rises above.
        public var maximum = 200
        /// Calls more than what the latency bears, for the limit to grow by.
        public var queue = 4.0
        /// How much of each step is taken.
        public var smoothing = 0.2
        /// How much longer than usual a window's latency may be before the limit falls.
        public var tolerance = 1.5
        /// Windows of the long run.
        public var longWindow = 600
        /// Windows at first whose plain mean is the long run.
        public var warmUp = 10
        /// Whether the long run learns nothing while calls are kept out.
        public var freezesBaseline = false
        /// Windows with a frozen baseline after which it is measured anew; zero for never.
        public var probesAfter = 0
        /// Whether the limit doubles at first.
        public var startsFast = false

        /// The published defaults.
        public init() {}
    }

    private let configuration: Configuration
    private var estimate: Double
    private var baseline: LongRunMean
    private var isStarting: Bool
    private var frozenWindows = 0
    private var probe: Probe?

    /// The baseline is being measured at the minimum.
    private struct Probe: Sendable {
        /// The estimate to go back to.
        let estimate: Double
        /// Whether the window with calls from before is over.
        var isSettled = false
    }

    /// A limit with its settings.
    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        estimate = Double(max(1, configuration.initial))
        baseline = LongRunMean(window: configuration.longWindow, warmUp: configuration.warmUp)
        isStarting = configuration.startsFast
    }

    /// What the default chain uses for a server with so many cores: begins at the cores and grows fast until latency
    /// answers, with a frozen baseline.
    ///
    /// The minimum is one call per core, where latency is not the limit's doing.
    public static func server(cores: Int, maximum: Int = 10_000) -> Gradient2Limit {
        var configuration = Configuration()
        configuration.minimum = max(1, cores)
        configuration.initial = configuration.minimum
        configuration.maximum = max(configuration.minimum, maximum)
        configuration.queue = max(1, Double(configuration.minimum) / 4)
        configuration.tolerance = 1.25
        configuration.freezesBaseline = true
        configuration.probesAfter = 300
        configuration.startsFast = true
        return Gradient2Limit(configuration)
    }

    /// The estimate, rounded down.
    public var limit: Int { max(1, Int(estimate)) }

    /// The latency of the long run, in nanoseconds; zero before the first window.
    public var baselineNanoseconds: Double { baseline.value }

    /// Learns from a window; one without a success teaches nothing.
    public mutating func update(_ window: LatencyWindow) {
        guard window.samples > 0, window.p90Nanoseconds > 0 else { return }
        let short = Double(window.p90Nanoseconds)
        if let probe {
            measured(short, probe)
            return
        }
        let isFrozen =
            configuration.freezesBaseline && window.wasLimited && baseline.value > 0 && short > baseline.value
        if isFrozen {
            frozenWindows += 1
            if configuration.probesAfter > 0, frozenWindows >= configuration.probesAfter {
                frozenWindows = 0
                probe = Probe(estimate: estimate)
                estimate = Double(configuration.minimum)
                return
            }
        } else {
            frozenWindows = 0
            baseline.add(short)
            // Latency has fallen for good: forget the bad time faster than the mean would.
            if baseline.value / short > 2 { baseline.scale(by: 0.95) }
        }
        guard Double(window.peakInFlight) >= estimate / 2 else { return }
        let gradient = max(0.5, min(1, configuration.tolerance * baseline.value / short))
        if isStarting {
            if gradient == 1, window.wasLimited {
                estimate = clamped(estimate * 2)
                return
            }
            if gradient < 1 { isStarting = false }
        }
        let next = estimate * gradient + configuration.queue
        estimate = clamped(estimate * (1 - configuration.smoothing) + next * configuration.smoothing)
    }

    /// A window at the minimum; the first still has calls in it that began before.
    private mutating func measured(_ short: Double, _ probe: Probe) {
        guard probe.isSettled else {
            self.probe?.isSettled = true
            return
        }
        // Much slower than it was: how far the limit may go now is as unknown as at the start.
        if short > 1.5 * baseline.value { isStarting = configuration.startsFast }
        baseline.restart(at: short)
        estimate = probe.estimate
        self.probe = nil
    }

    private func clamped(_ limit: Double) -> Double {
        max(Double(configuration.minimum), min(Double(configuration.maximum), limit))
    }
}

/// A moving mean that is a plain mean at first: the newest value counts for 2 / (window + 1).
struct LongRunMean: Sendable {
    private let warmUp: Int
    private let weight: Double
    private var count = 0
    private var sum = 0.0
    private(set) var value = 0.0

    init(window: Int, warmUp: Int) {
        self.warmUp = max(1, warmUp)
        weight = 2 / (Double(max(1, window)) + 1)
    }

    mutating func add(_ sample: Double) {
        if count < warmUp {
            count += 1
            sum += sample
            value = sum / Double(count)
        } else {
            value = value * (1 - weight) + sample * weight
        }
    }

    mutating func restart(at sample: Double) {
        count = 1
        sum = sample
        value = sample
    }

    mutating func scale(by factor: Double) {
        value *= factor
    }
}
