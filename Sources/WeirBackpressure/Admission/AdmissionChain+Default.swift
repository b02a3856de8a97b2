// SPDX-License-Identifier: Apache-2.0

extension AdmissionChain {
    /// The chain to begin with: as many calls as the latency allows, and a short queue for bursts.
    ///
    /// A ``Gradient2Limit`` with at least one call per core behind a ``BoundedQueue`` with controlled delay. Nothing is
    /// turned away while the server keeps up. What else a service needs, such as rates or bulkheads, goes into `gates`.
    ///
    /// - Parameters:
    ///   - cores: processors that the server may use; the limit never falls below.
    ///   - gates: what calls pass before the queue.
    ///   - queueCapacity: calls that may wait; 16 for each core, unless said otherwise.
    ///   - name: the name in events.
    ///   - observer: takes the events of the chain, the queue and the limit.
    public static func standard(
        cores: Int, gates: [any AdmissionPolicy] = [], queueCapacity: Int? = nil, name: String = "admission",
        observer: (any PolicyObserver)? = nil
    ) -> AdmissionChain {
        let cores = min(max(1, cores), 1_000_000)
        return AdmissionChain(
            gates, queue: BoundedQueue(capacity: queueCapacity ?? 16 * cores, observer: observer),
            limits: [
                AdaptiveLimit(
                    Gradient2Limit.server(cores: cores), window: .milliseconds(100), minimumSamples: 20,
                    observer: observer)
            ],
            name: name, observer: observer)
    }
}
