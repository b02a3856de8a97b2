// SPDX-License-Identifier: Apache-2.0

public import WeirBackpressure

/// Policies that a configuration declares, for the whole server, a service or a method; nothing is on by default.
///
/// They make one chain, in this order: load shedding, breaker, rate, streams, bulkhead; then the queue; behind it the limit of
/// running calls. What needs more than that is made in code: ``ServerAdmission``.
public struct AdmissionSettings: Hashable, Sendable {
    /// How a limit that is measured follows the latency.
    public enum Adaptive: String, CaseIterable, Hashable, Sendable {
        /// ``WeirBackpressure/Gradient2Limit``: for when nobody knows the capacity.
        case gradient
        /// ``WeirBackpressure/AIMDLimit``: for when failures are the signal.
        case aimd
        /// ``WeirBackpressure/VegasLimit``: for when all calls take much the same.
        case vegas
    }

    /// Which calls are turned away first as the limit fills up.
    public enum Shedding: String, CaseIterable, Hashable, Sendable {
        /// Low priority above 70 %, all but critical above 90 %.
        case thresholds
        /// A part that grows from 70 % on, the lowest priorities first.
        case smooth
    }

    /// Calls that may run at a time.
    public var concurrencyLimit: Int?
    /// As many calls at a time as the measured latency allows.
    public var adaptiveLimit: Adaptive?
    /// As many calls at a time as let 99 of 100 stay below this latency; takes the place of ``adaptiveLimit``.
    public var latencyObjective: Duration?
    /// Calls that may wait for the limit; 0: none.
    ///
    /// Default: none before a fixed limit, 16 for each core before one that is measured.
    public var queueCapacity: Int?
    /// How long a call may wait; nil: controlled delay, 100 ms in a burst and 5 ms in lasting overload.
    public var queueTimeout: Duration?
    /// Calls per second of one client.
    public var rateLimit: Double?
    /// Calls that a client may make at once after a pause.
    ///
    /// Default: those of a second.
    public var rateBurst: Int?
    /// Whom calls are counted for.
    ///
    /// Default: the client's address.
    public var rateKey: CallerKey?
    /// What a call counts in all rates that it passes: a method that costs ten others says 10; 0 is free.
    ///
    /// Default: 1.
    public var rateCost: Int?
    /// Which calls are turned away first as the limit of running calls fills up.
    public var loadShedding: Shedding?
    /// Calls with a streamed response that may be open at a time.
    public var maximumStreams: Int?
    /// Places that are kept for some callers.
    public var bulkhead: BulkheadSettings?
    /// Failures in a row after which calls are turned away for a while.
    public var breakerFailures: Int?
    /// How long they are turned away before one is tried.
    ///
    /// Default: 30 s.
    public var breakerReset: Duration?

    /// Makes settings that declare nothing.
    public init() {}

    /// What is wrong; nil when nothing is.
    var problem: String? {
        for (name, value) in [
            ("concurrencyLimit", concurrencyLimit), ("maximumStreams", maximumStreams), ("rateBurst", rateBurst),
            ("breakerFailures", breakerFailures),
        ] {
            if let value, value < 1 { return "\(name) is \(value); at least 1 is needed" }
        }
        for (name, value) in [
            ("latencyObjective", latencyObjective), ("queueTimeout", queueTimeout), ("breakerReset", breakerReset),
        ] {
            if let value, value <= .zero { return "\(name) must be longer than 0s" }
        }
        if let rateLimit, !(rateLimit > 0) || rateLimit > 1e9 {
            return "rateLimit is \(rateLimit); it must be more than 0, and at most a thousand million"
        }
        if let queueCapacity, !(0...Self.longestQueue).contains(queueCapacity) {
            return "queueCapacity is \(queueCapacity); it must be between 0 and \(Self.longestQueue)"
        }
        if concurrencyLimit != nil, adaptiveLimit != nil || latencyObjective != nil {
            return "concurrencyLimit is set beside a limit that is measured; choose one of them"
        }
        if adaptiveLimit != nil, latencyObjective != nil {
            return "adaptiveLimit and latencyObjective are both set; choose one of them"
        }
        let hasLimit = concurrencyLimit != nil || adaptiveLimit != nil || latencyObjective != nil
        for (name, isSet) in [
            ("queueCapacity", (queueCapacity ?? 0) > 0), ("queueTimeout", queueTimeout != nil),
            ("loadShedding", loadShedding != nil),
        ] where isSet && !hasLimit {
            return "\(name) needs a limit: concurrencyLimit, adaptiveLimit or latencyObjective"
        }
        if queueTimeout != nil, queueCapacity == 0 || queueCapacity == nil && concurrencyLimit != nil {
            return "queueTimeout needs a queueCapacity"
        }
        for (name, isSet) in [("rateBurst", rateBurst != nil), ("rateKey", rateKey != nil)]
        where isSet && rateLimit == nil {
            return "\(name) needs a rateLimit"
        }
        if let rateCost, rateCost < 0 { return "rateCost is \(rateCost); it must not be negative" }
        if breakerReset != nil, breakerFailures == nil { return "breakerReset needs breakerFailures" }
        return bulkhead?.problem
    }

    /// More than a server can answer while a caller waits: a slip of the finger.
    private static let longestQueue = 1_000_000
}

extension AdmissionSettings {
    /// The chain; nil when nothing is declared.
    ///
    /// `scope` tells its policies from those of others in events: empty for a server.
    func chain(scope: String, cores: Int, observer: (any PolicyObserver)?) -> AdmissionChain? {
        let named = { (name: String) in scope.isEmpty ? name : "\(name) \(scope)" }
        let limit = limit(named, cores: cores, observer: observer)
        var gates: [any AdmissionPolicy] = []
        if let loadShedding, let limit {
            gates.append(
                LoadShedding(
                    by: limit, rule: loadShedding == .smooth ? .smooth : .thresholds, name: named("shedding")))
        }
        if let breakerFailures {
            gates.append(
                CircuitBreaker(
                    failureThreshold: breakerFailures, resetTimeout: breakerReset ?? .seconds(30),
                    name: named("breaker"), observer: observer))
        }
        if let rateLimit {
            gates.append(
                RateLimit(
                    perSecond: rateLimit, burst: rateBurst ?? max(1, Int(rateLimit.rounded(.up))),
                    by: rateKey ?? .peer, name: named("rate"), observer: observer))
        }
        if let maximumStreams {
            gates.append(StreamLimit(maximumStreams: maximumStreams, name: named("streams")))
        }
        if let bulkhead { gates.append(bulkhead.policy(name: named("bulkhead"))) }
        guard !gates.isEmpty || limit != nil else { return nil }
        return AdmissionChain(
            gates, queue: limit.flatMap { _ in queue(named, cores: cores, observer: observer) },
            limits: limit.map { [$0] } ?? [], name: named("admission"), observer: observer)
    }

    private func limit(
        _ named: (String) -> String, cores: Int, observer: (any PolicyObserver)?
    ) -> (any AdmissionPolicy & LoadSignal)? {
        if let concurrencyLimit { return ConcurrencyLimit(concurrencyLimit, name: named("concurrency")) }
        let name = named("adaptive")
        let window = Duration.milliseconds(100)
        if let latencyObjective {
            return AdaptiveLimit(
                ObjectiveLimit(p99: latencyObjective, minimum: cores), window: window, minimumSamples: 20, name: name,
                observer: observer)
        }
        switch adaptiveLimit {
        case nil: return nil
        case .gradient:
            return AdaptiveLimit(
                Gradient2Limit.server(cores: cores), window: window, minimumSamples: 20, name: name, observer: observer)
        case .aimd:
            return AdaptiveLimit(AIMDLimit(), window: window, name: name, observer: observer)
        case .vegas:
            var generator = SystemRandomNumberGenerator()
            return AdaptiveLimit(VegasLimit(using: &generator), window: window, name: name, observer: observer)
        }
    }

    private func queue(
        _ named: (String) -> String, cores: Int, observer: (any PolicyObserver)?
    ) -> BoundedQueue? {
        let capacity = queueCapacity ?? (concurrencyLimit == nil ? 16 * cores : 0)
        guard capacity > 0 else { return nil }
        return BoundedQueue(
            capacity: capacity,
            discipline: queueTimeout.map { .firstInFirstOut(timeout: $0) } ?? .controlledDelay, name: named("queue"),
            observer: observer)
    }
}
