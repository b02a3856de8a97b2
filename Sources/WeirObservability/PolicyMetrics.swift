// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
public import WeirBackpressure

/// Turns the events of policies into metrics of the process (swift-metrics).
///
/// ```swift
/// let metrics = PolicyMetrics()
/// let server = Server(
///     configuration: configuration, services: services, admission: ServerAdmission(observer: metrics), logger: logger)
/// ```
///
/// | metric | kind | labels |
/// |---|---|---|
/// | `admitted_requests_total` | counter | `policy` |
/// | `rejected_requests_total` | counter | `policy`, `reason` |
/// | `rate_limited_requests_total` | counter | `policy` |
/// | `throttled_requests_by_client` | counter | `policy`, `client` |
/// | `finished_requests_total` | counter | `policy`, `outcome` |
/// | `request_held_seconds` | histogram | `policy` |
/// | `queue_size`, `queue_capacity`, `buffer_utilization_percent` | gauge | `policy` |
/// | `queue_wait_time_seconds` | histogram | `policy` |
/// | `concurrency_limit` | gauge | `policy` |
/// | `breaker_state` | gauge: 0 closed, 1 half-open, 2 open | `policy` |
/// | `caller_table_full_total` | counter | `policy` |
/// | `dropped_messages_total` | counter | `policy` |
/// | `source_paused` | gauge: 1 paused | `policy` |
///
/// Labels are bounded: names of policies and reasons come from the configuration and the code, and of clients
/// ``maximumClients`` are told apart, the rest is counted as `other`. An event costs a look-up under a short lock.
public final class PolicyMetrics: PolicyObserver {
    /// Clients that have a label of their own; the first that were throttled.
    public let maximumClients: Int

    private let handles: MetricHandles

    /// Metrics that go to `factory`, by default the process's own.
    public init(maximumClients: Int = 100, factory: (any MetricsFactory)? = nil) {
        self.maximumClients = max(0, maximumClients)
        handles = MetricHandles(factory: factory ?? MetricsSystem.factory)
    }

    /// Counts the event.
    public func observe(_ event: PolicyEvent) {
        switch event {
        case .admitted(let policy):
            handles.counter("admitted_requests_total", policy).increment(by: 1)
        case .rejected(let policy, let reason):
            handles.counter("rejected_requests_total", policy, "reason", reason.name).increment(by: 1)
            if reason == .rate || reason == .costAboveBurst {
                handles.counter("rate_limited_requests_total", policy).increment(by: 1)
            }
        case .throttled(let policy, let caller):
            let client = handles.label(ofClient: caller, atMost: maximumClients)
            handles.counter("throttled_requests_by_client", policy, "client", client).increment(by: 1)
        case .queued(let policy, let length, let capacity):
            handles.gauge("queue_capacity", policy).record(Double(capacity))
            queueSize(policy, length, capacity)
        case .dequeued(let policy, let waited, let length, let capacity):
            handles.histogram("queue_wait_time_seconds", policy).record(waited.inSeconds)
            queueSize(policy, length, capacity)
        case .ended(let policy, let outcome, let held):
            handles.counter("finished_requests_total", policy, "outcome", "\(outcome)").increment(by: 1)
            handles.histogram("request_held_seconds", policy).record(held.inSeconds)
        case .limitChanged(let policy, _, let limit):
            handles.gauge("concurrency_limit", policy).record(Double(limit))
        case .breakerChanged(let policy, _, let state):
            handles.gauge("breaker_state", policy).record(state.metric)
        case .callerTableFull(let policy):
            handles.counter("caller_table_full_total", policy).increment(by: 1)
        case .dropped(let policy, let count):
            handles.counter("dropped_messages_total", policy).increment(by: Int64(count))
        case .flowChanged(let policy, let change):
            handles.gauge("source_paused", policy).record(change == .pause ? 1.0 : 0.0)
        }
    }

    private func queueSize(_ policy: String, _ length: Int, _ capacity: Int) {
        handles.gauge("queue_size", policy).record(Double(length))
        handles.gauge("buffer_utilization_percent", policy).record(100 * Double(length) / Double(max(1, capacity)))
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

extension BreakerState {
    fileprivate var metric: Double {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }
}
