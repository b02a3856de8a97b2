// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Places divided into partitions, so that one method, tenant or priority cannot take those of another.
///
/// Each partition has places of its own, which nobody else ever uses. What is left of the capacity is lent to whoever comes
/// first, up to a partition's most. So a partition's guarantee holds whatever the others do.
public final class Bulkhead: AdmissionPolicy, LoadSignal {
    /// What a partition may use.
    public struct Share: Hashable, Sendable {
        /// Places that are always free for it.
        public var guaranteed: Int
        /// Places that it may use at most, borrowed ones included.
        public var maximum: Int

        /// A share; without a maximum it may borrow all that can be lent.
        public init(guaranteed: Int, maximum: Int = .max) {
            self.guaranteed = max(0, guaranteed)
            self.maximum = max(self.guaranteed, maximum)
        }
    }

    /// Which partition a call belongs to.
    public enum Partitioning: Sendable {
        /// By the method's full name.
        case method
        /// By the service's full name.
        case service
        /// By the priority's name: `low`, `normal`, `high`, `critical`.
        case priority
        /// By the caller.
        case caller(CallerKey)
    }

    private struct State {
        var inUse: [Int]
        var borrowed = 0
        var holding: [HoldingTime]
    }

    /// The name in rejections and events.
    public let name: String
    /// All places, the guaranteed ones included.
    public let capacity: Int
    /// Places that are nobody's and can be borrowed.
    public let lendable: Int

    private let partitioning: Partitioning
    private let indexes: [String: Int]
    private let names: [String]
    private let shares: [Share]
    private let state: Mutex<State>

    /// A bulkhead with named partitions, and one more for all other calls.
    ///
    /// The guarantees are kept even when they add up to more than `capacity`, which is raised then.
    public init(
        capacity: Int, by partitioning: Partitioning, partitions: [String: Share],
        others: Share = Share(guaranteed: 0), name: String = "bulkhead"
    ) {
        self.partitioning = partitioning
        self.name = name
        names = partitions.keys.sorted()
        shares = names.map { partitions[$0] ?? others } + [others]
        indexes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let guaranteed = shares.reduce(0) { $0 + min($1.guaranteed, Int(Int32.max)) }
        self.capacity = max(1, capacity, guaranteed)
        lendable = self.capacity - guaranteed
        state = Mutex(
            State(
                inUse: Array(repeating: 0, count: shares.count),
                holding: Array(repeating: HoldingTime(), count: shares.count)))
    }

    /// Places that a partition uses now; of the one for all other calls without a name.
    public func inUse(_ partition: String? = nil) -> Int {
        let index = partition.flatMap { indexes[$0] } ?? names.count
        return state.withLock { $0.inUse[index] }
    }

    /// Borrowed places, all together.
    public var borrowed: Int { state.withLock { $0.borrowed } }

    /// The part of all places that is in use.
    public func load(at now: PolicyInstant) -> Double {
        Double(state.withLock { $0.inUse.reduce(0, +) }) / Double(capacity)
    }

    /// Lets the call in if its partition has a place of its own or can borrow one.
    public func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer {
        let index = partition(of: call)
        let share = shares[index]
        let retryAfter = state.withLock { state -> Duration? in
            let inUse = state.inUse[index]
            if inUse >= share.guaranteed {
                guard inUse < share.maximum, state.borrowed < lendable else { return state.holding[index].retryAfter }
                state.borrowed += 1
            }
            state.inUse[index] = inUse + 1
            return nil
        }
        guard let retryAfter else { return .granted(Grant(for: call, at: now, tag: Int64(index))) }
        return .rejected(Rejection(.bulkhead, policy: name, retryAfter: .after(retryAfter)))
    }

    /// The place is free again; a borrowed one goes back first.
    public func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant) {
        guard let index = Int(exactly: grant.tag), shares.indices.contains(index) else { return }
        state.withLock { state in
            guard state.inUse[index] > 0 else { return }
            state.inUse[index] -= 1
            if state.inUse[index] >= shares[index].guaranteed { state.borrowed -= 1 }
            if outcome != .ignored { state.holding[index].record(nanoseconds: now.nanoseconds(since: grant.startedAt)) }
        }
    }

    private func partition(of call: CallFacts) -> Int {
        let index =
            switch partitioning {
            case .method: indexes[call.method]
            case .service: indexes[String(call.service)]
            case .priority: indexes[call.priority.name]
            case .caller(let key): indexes[key.value(of: call)]
            }
        return index ?? names.count
    }
}
