// SPDX-License-Identifier: Apache-2.0

/// The buckets of callers, at most so many of them.
///
/// Only a bucket that is full again makes way for another caller: it is worth nothing, since a new caller gets a full one.
/// So nobody gets tokens back by making the table forget. When all slots hold buckets in use, new callers share one bucket
/// of the same shape, until slots are free; whoever fills the table with invented names shares it with them, and the
/// callers that were there before notice nothing. Each new caller looks at eight slots at most.
struct CallerTable: Sendable {
    struct Slot {
        var key: String
        var bucket: TokenBucket
        /// How often the slot changed hands, so that a late return does not go to the next caller.
        var generation: UInt32
    }

    let capacity: Int
    private var slots: [Slot] = []
    private var indexes: [String: Int] = [:]
    private var hand = 0
    private var shared: TokenBucket?

    /// Bytes of a key that are kept at most; a caller with a longer one goes to the shared bucket.
    static let maximumKeyBytes = 256
    private static let slotsLookedAt = 8

    init(capacity: Int) {
        self.capacity = min(max(1, capacity), Int(Int32.max))
    }

    /// Callers that are remembered.
    var count: Int { slots.count }

    /// Where a caller's tokens are.
    enum Place: Hashable {
        case slot(index: Int, generation: UInt32)
        case shared

        /// The place as a grant's tag.
        var tag: Int64 {
            switch self {
            case .shared: -1
            case .slot(let index, let generation): Int64(generation) << 31 | Int64(index)
            }
        }

        init(tag: Int64) {
            self =
                tag < 0
                ? .shared
                : .slot(index: Int(tag & 0x7FFF_FFFF), generation: UInt32(truncatingIfNeeded: tag >> 31))
        }
    }

    /// The place of a caller, a new one if need be.
    mutating func place(of key: String, at now: PolicyInstant) -> Place {
        if let index = indexes[key] { return .slot(index: index, generation: slots[index].generation) }
        guard key.utf8.count <= Self.maximumKeyBytes else { return .shared }
        if slots.count < capacity {
            slots.append(Slot(key: key, bucket: TokenBucket(fullAt: now), generation: 0))
            indexes[key] = slots.count - 1
            return .slot(index: slots.count - 1, generation: 0)
        }
        for _ in 0..<min(Self.slotsLookedAt, slots.count) {
            let index = hand
            hand = (hand + 1) % slots.count
            guard slots[index].bucket.isFull(at: now) else { continue }
            indexes[slots[index].key] = nil
            indexes[key] = index
            // 30 bits, so that the tag stays positive.
            let generation = (slots[index].generation &+ 1) & 0x3FFF_FFFF
            slots[index] = Slot(key: key, bucket: TokenBucket(fullAt: now), generation: generation)
            return .slot(index: index, generation: generation)
        }
        return .shared
    }

    mutating func take(_ count: Int64, from place: Place, _ shape: TokenBucket.Shape, at now: PolicyInstant) -> Int64? {
        switch place {
        case .slot(let index, _):
            return slots[index].bucket.take(count, shape, at: now)
        case .shared:
            var bucket = shared ?? TokenBucket(fullAt: now)
            defer { shared = bucket }
            return bucket.take(count, shape, at: now)
        }
    }

    mutating func giveBack(_ count: Int64, to place: Place, _ shape: TokenBucket.Shape) {
        switch place {
        case .slot(let index, let generation):
            guard index < slots.count, slots[index].generation == generation else { return }
            slots[index].bucket.giveBack(count, shape)
        case .shared:
            shared?.giveBack(count, shape)
        }
    }

    /// Whole tokens of a caller; nil when it is not in the table.
    func tokens(of key: String, _ shape: TokenBucket.Shape, at now: PolicyInstant) -> Int64? {
        indexes[key].map { slots[$0].bucket.tokens(shape, at: now) }
    }
}
