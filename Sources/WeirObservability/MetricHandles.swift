// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import Synchronization

/// The metrics that were made so far, found by their name and labels.
///
/// At most ``maximumCount`` of them: what would be more is counted under the label `other`, so that no mistake in a label
/// makes a table that grows for ever.
final class MetricHandles: Sendable {
    static let maximumCount = 2_000

    private struct Name: Hashable {
        var metric: String
        var policy: String
        var value: String?
    }

    private struct State {
        var counters: [Name: any CounterHandler] = [:]
        var gauges: [Name: any RecorderHandler] = [:]
        var clients: Set<String> = []

        var count: Int { counters.count + gauges.count }
    }

    private let factory: any MetricsFactory
    private let state = Mutex(State())

    init(factory: any MetricsFactory) {
        self.factory = factory
    }

    /// A counter of a policy, with one more label if `label` is given.
    func counter(
        _ metric: String, _ policy: String, _ label: String? = nil, _ value: String? = nil
    ) -> any CounterHandler {
        state.withLock { state in
            let name = Name(metric: metric, policy: policy, value: value)
            if let known = state.counters[name] { return known }
            let isFull = state.count >= Self.maximumCount
            let key = isFull ? Name(metric: metric, policy: "other", value: value == nil ? nil : "other") : name
            if isFull, let known = state.counters[key] { return known }
            var labels = [("policy", key.policy)]
            if let label, let value = key.value { labels.append((label, value)) }
            let made = factory.makeCounter(label: metric, dimensions: labels)
            state.counters[key] = made
            return made
        }
    }

    /// A value of a policy that goes up and down.
    func gauge(_ metric: String, _ policy: String) -> any RecorderHandler {
        recorder(metric, policy, aggregates: false)
    }

    /// Values of a policy of which the distribution counts.
    func histogram(_ metric: String, _ policy: String) -> any RecorderHandler {
        recorder(metric, policy, aggregates: true)
    }

    private func recorder(_ metric: String, _ policy: String, aggregates: Bool) -> any RecorderHandler {
        state.withLock { state in
            let name = Name(metric: metric, policy: policy)
            if let known = state.gauges[name] { return known }
            let isFull = state.count >= Self.maximumCount
            let key = isFull ? Name(metric: metric, policy: "other") : name
            if isFull, let known = state.gauges[key] { return known }
            let made = factory.makeRecorder(label: metric, dimensions: [("policy", key.policy)], aggregate: aggregates)
            state.gauges[key] = made
            return made
        }
    }

    /// The client's name while there are labels left, else `other`.
    func label(ofClient client: String, atMost limit: Int) -> String {
        state.withLock { state in
            if state.clients.contains(client) { return client }
            guard state.clients.count < limit else { return "other" }
            state.clients.insert(client)
            return client
        }
    }
}
