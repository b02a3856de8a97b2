// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirRPC
internal import WeirServer

/// What is known of services, and who watches them.
///
/// Changes reach the watchers' slots under the registry's lock, so all of them see the same order.
final class HealthRegistry: Sendable {
    private struct State {
        var statuses: [String: HealthStatus] = ["": .serving]
        var watchers: [String: [ObjectIdentifier: HealthWatcher]] = [:]
        var watchCount = 0
        /// Set for good when a server drains.
        var isDraining = false
    }

    private let maximumWatches: Int
    private let state = Mutex(State())

    init(maximumWatches: Int) {
        self.maximumWatches = maximumWatches
    }

    // MARK: - Statuses

    /// Sets a status; nil: forgets it.
    func set(_ status: HealthStatus?, for service: String) {
        let resumptions = state.withLock { state -> [HealthWatcher.Resumption] in
            guard !state.isDraining else { return [] }
            state.statuses[service] = status
            let response = Self.response(status)
            return state.watchers[service]?.values.compactMap { $0.put(response) } ?? []
        }
        for resumption in resumptions { resumption.resume() }
    }

    /// Sets services serving of which nothing is known.
    func adopt(_ services: [String]) {
        state.withLock { state in
            for service in services where state.statuses[service] == nil { state.statuses[service] = .serving }
        }
    }

    func status(of service: String) -> HealthStatus? { state.withLock { $0.statuses[service] } }

    var statuses: [String: HealthStatus] { state.withLock { $0.statuses } }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Everything is not serving, and all watches end.
    func drain() {
        let resumptions = state.withLock { state -> [HealthWatcher.Resumption] in
            guard !state.isDraining else { return [] }
            state.isDraining = true
            state.statuses = state.statuses.mapValues { _ in .notServing }
            var resumptions: [HealthWatcher.Resumption] = []
            for (service, watchers) in state.watchers {
                let response = Self.response(state.statuses[service])
                for watcher in watchers.values {
                    let sends = watcher.put(response)
                    // A handler that is resumed with the last status finds the end when it asks for the next.
                    let ends = watcher.end(isSending: sends != nil)
                    if let resumption = sends ?? ends { resumptions.append(resumption) }
                }
            }
            return resumptions
        }
        for resumption in resumptions { resumption.resume() }
    }

    private static func response(_ status: HealthStatus?) -> HealthWatcher.Response {
        status?.response ?? HealthWatcher.Response(.serviceUnknown)
    }

    // MARK: - Watchers

    var watchCount: Int { state.withLock { $0.watchCount } }

    /// Begins a watch.
    ///
    /// - Throws: RESOURCE_EXHAUSTED with too many of them, INVALID_ARGUMENT for a name too long to be kept.
    func addWatcher(of service: String, context: CallContext) throws(RPCError) -> HealthWatcher {
        guard service.utf8.count <= HealthService.maximumNameBytes else {
            throw RPCError(
                .invalidArgument, "the name of a service has \(HealthService.maximumNameBytes) bytes at most")
        }
        let watcher = state.withLock { state -> HealthWatcher? in
            guard state.watchCount < maximumWatches else { return nil }
            let watcher = HealthWatcher(
                service: service, status: Self.response(state.statuses[service]), context: context)
            if state.isDraining { _ = watcher.end(isSending: true) }
            state.watchers[service, default: [:]][ObjectIdentifier(watcher)] = watcher
            state.watchCount += 1
            return watcher
        }
        guard let watcher else {
            throw RPCError(.resourceExhausted, "\(maximumWatches) watches are open already, as many as are allowed")
        }
        return watcher
    }

    func remove(_ watcher: HealthWatcher) {
        state.withLock { state in
            guard state.watchers[watcher.service]?.removeValue(forKey: ObjectIdentifier(watcher)) != nil else { return }
            state.watchCount -= 1
            if state.watchers[watcher.service]?.isEmpty == true { state.watchers[watcher.service] = nil }
        }
    }
}
