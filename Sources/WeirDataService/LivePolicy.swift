// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure

/// What becomes of ticks of `live` that a client is too slow to take, as an operator chooses it.
package enum LivePolicy: Hashable, Sendable {
    /// The ticker waits, and the client falls behind the time; `capacity` ticks are read ahead.
    case suspend(capacity: Int)
    /// As ``suspend(capacity:)``, but a wait of this length ends the stream.
    case suspendFor(Duration, capacity: Int)
    /// What comes while `capacity` ticks wait is lost.
    case dropNewest(capacity: Int)
    /// The oldest of `capacity` ticks makes room for what comes.
    case dropOldest(capacity: Int)
    /// Only the newest tick waits.
    case latest
    /// At most one tick per interval, the newest.
    case sample(every: Duration)
    /// A client that falls `capacity` ticks behind is cancelled.
    case fail(capacity: Int)

    /// Ticks that may wait at most: a tick is about 100 bytes.
    package static let capacities = 1...1_000_000

    /// The policy as the buffer knows it.
    var sendPolicy: SendPolicy<DatasetChunk> {
        switch self {
        case .suspend(let capacity): .suspend(capacity: capacity)
        case .suspendFor(let timeout, let capacity): .suspend(timeout: timeout, capacity: capacity)
        case .dropNewest(let capacity): .dropNewest(capacity: capacity)
        case .dropOldest(let capacity): .dropOldest(capacity: capacity)
        case .latest: .latest
        case .sample(let interval): .sample(every: interval)
        case .fail(let capacity): .fail(capacity: capacity)
        }
    }
}

extension LivePolicy {
    /// How a policy is written, for messages.
    package static let form =
        "write latest, dropOldest:1000, dropNewest:1000, suspend:100, suspend:5s:100, sample:1s or fail:1000"

    /// Reads a policy.
    ///
    /// `duration` reads its times. Nil when the text is none.
    package init?(_ text: String, duration: (String) -> Duration?) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let capacity = parts.count > 1 ? Int(parts[parts.count - 1]).flatMap { Self.capacities ~= $0 ? $0 : nil } : nil
        switch (parts[0], parts.count, capacity) {
        case ("latest", 1, _): self = .latest
        case ("dropOldest", 2, let capacity?): self = .dropOldest(capacity: capacity)
        case ("dropNewest", 2, let capacity?): self = .dropNewest(capacity: capacity)
        case ("fail", 2, let capacity?): self = .fail(capacity: capacity)
        case ("suspend", 2, let capacity?): self = .suspend(capacity: capacity)
        case ("suspend", 3, let capacity?):
            guard let timeout = duration(parts[1]), timeout > .zero else { return nil }
            self = .suspendFor(timeout, capacity: capacity)
        case ("sample", 2, _):
            guard let interval = duration(parts[1]), interval > .zero else { return nil }
            self = .sample(every: interval)
        default: return nil
        }
    }

    /// The policy as it is written; `duration` writes its times.
    package func text(duration: (Duration) -> String) -> String {
        switch self {
        case .suspend(let capacity): "suspend:\(capacity)"
        case .suspendFor(let timeout, let capacity): "suspend:\(duration(timeout)):\(capacity)"
        case .dropNewest(let capacity): "dropNewest:\(capacity)"
        case .dropOldest(let capacity): "dropOldest:\(capacity)"
        case .latest: "latest"
        case .sample(let interval): "sample:\(duration(interval))"
        case .fail(let capacity): "fail:\(capacity)"
        }
    }
}
