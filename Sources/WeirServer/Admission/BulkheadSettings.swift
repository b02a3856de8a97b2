// SPDX-License-Identifier: Apache-2.0

internal import WeirBackpressure

/// Places for calls of which some are kept for some callers, as a configuration declares them.
public struct BulkheadSettings: Hashable, Sendable {
    /// What tells one partition from another.
    public enum Key: Hashable, Sendable {
        /// The method's full name, `package.Service/Method`.
        case method
        /// The call's priority: `low`, `normal`, `high` or `critical`.
        case priority
        /// A value of the request's metadata.
        case metadata(String)
    }

    /// What one partition may use.
    public struct Share: Hashable, Sendable {
        /// Places that are its own.
        public var guaranteed: Int
        /// Places that it may use, borrowed ones included; nil: as many as are free.
        public var maximum: Int?

        /// Makes a share.
        public init(guaranteed: Int, maximum: Int? = nil) {
            self.guaranteed = guaranteed
            self.maximum = maximum
        }
    }

    /// All places.
    public var capacity: Int
    /// What tells one partition from another.
    public var key: Key
    /// The partitions that have a share of their own, by name.
    public var shares: [String: Share]

    /// Makes a bulkhead.
    public init(capacity: Int, by key: Key, shares: [String: Share]) {
        self.capacity = capacity
        self.key = key
        self.shares = shares
    }

    var problem: String? {
        if capacity < 1 { return "bulkhead has \(capacity) places; at least 1 is needed" }
        var guaranteed = 0
        for (name, share) in shares.sorted(by: { $0.key < $1.key }) {
            if share.guaranteed < 0 || share.guaranteed > capacity {
                return "bulkhead keeps \(share.guaranteed) places for \(name); it has \(capacity)"
            }
            if let maximum = share.maximum, maximum < max(1, share.guaranteed) {
                return "bulkhead lets \(name) use \(maximum) places at most, and keeps \(share.guaranteed) for it"
            }
            guaranteed += share.guaranteed
        }
        guard guaranteed <= capacity else {
            return "bulkhead keeps \(guaranteed) places, and has \(capacity)"
        }
        if key == .priority, let name = shares.keys.sorted().first(where: { CallPriority(name: $0) == nil }) {
            return "bulkhead: \(name) is no priority; they are low, normal, high and critical"
        }
        return nil
    }

    func policy(name: String) -> Bulkhead {
        let partitioning: Bulkhead.Partitioning =
            switch key {
            case .method: .method
            case .priority: .priority
            case .metadata(let name): .caller(.metadata(name))
            }
        return Bulkhead(
            capacity: capacity, by: partitioning,
            partitions: shares.mapValues { Bulkhead.Share(guaranteed: $0.guaranteed, maximum: $0.maximum ?? .max) },
            name: name)
    }
}
