// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Messages between a producer and a stream, under a ``SendPolicy``; a machine without lock, clock or continuation.
///
/// It never holds more than the policy's capacity, in messages and in bytes, and accounts for every message: see
/// ``BufferCounts``. Allocates only while it grows to its capacity; `conflate` also for its keys.
public struct PolicyBuffer<Message> {
    /// What became of a message that was offered.
    public enum Offer: Hashable, Sendable {
        /// It is held, and nothing was lost.
        case accepted
        /// It is held, and so many older ones were dropped for it.
        case droppedOlder(Int)
        /// It was dropped.
        case droppedOffered
        /// It was not taken: offer it again when there is room, or end the stream with
        /// ``BufferOverflow/timedOut(after:)`` when this instant comes first.
        case mustWait(until: PolicyInstant)
        /// It was not taken, and the stream is to end with this.
        case fail(BufferOverflow)
    }

    /// What there is to take.
    public enum Take {
        /// The next message.
        case message(Message)
        /// There is one, but not before that instant.
        case notBefore(PolicyInstant)
        /// Nothing is held.
        case empty
    }

    fileprivate struct Held {
        var message: Message
        var bytes: Int
        /// Its number among all that were ever put in, for the table of keys.
        var number: UInt64
        var key: ConflationKey?
    }

    /// The policy.
    public let policy: SendPolicy<Message>
    /// What became of the messages so far.
    public private(set) var counts = BufferCounts()
    /// Bytes that are held.
    public private(set) var heldBytes = 0

    private let watermarks: Watermarks?
    private var queue = Deque<Held>()
    /// The number of the newest message of each key; numbers in the queue grow, so it is found by searching.
    private var numbers: [ConflationKey: UInt64] = [:]
    private var nextNumber: UInt64 = 0
    /// The earliest time of the next sample.
    private var nextSample = PolicyInstant(nanoseconds: .min)
    private var isPaused = false

    /// An empty buffer, and when to ask its source to pause, if that can be.
    public init(policy: SendPolicy<Message>, watermarks: Watermarks? = nil) {
        self.policy = policy
        self.watermarks = watermarks
    }

    /// Whether nothing is held.
    public var isEmpty: Bool { queue.isEmpty }

    /// Offers a message; `onDrop` is called with each message that is lost for or instead of it.
    public mutating func offer(
        _ message: Message, bytes: Int = 0, at now: PolicyInstant, onDrop: (Message) -> Void = { _ in }
    ) -> Offer {
        let bytes = max(0, bytes)
        guard bytes <= policy.capacityBytes else { return oversize(message, bytes: bytes, onDrop: onDrop) }
        switch policy.kind {
        case .suspend(let timeout):
            guard hasRoom(for: bytes) else { return .mustWait(until: timeout.map { now + $0 } ?? .distantFuture) }
            append(message, bytes: bytes, key: nil)
            return .accepted
        case .fail:
            guard hasRoom(for: bytes) else { return .fail(.full(capacity: policy.capacity)) }
            append(message, bytes: bytes, key: nil)
            return .accepted
        case .dropNewest:
            guard hasRoom(for: bytes) else { return drop(message, onDrop: onDrop) }
            append(message, bytes: bytes, key: nil)
            return .accepted
        case .dropOldest, .sample:
            return appendDroppingOldest(message, bytes: bytes, key: nil, onDrop: onDrop)
        case .conflate(let key):
            return conflate(message, bytes: bytes, key: key(message), onDrop: onDrop)
        }
    }

    /// Takes the next message.
    public mutating func take(at now: PolicyInstant) -> Take {
        guard !queue.isEmpty else { return .empty }
        if case .sample(let interval) = policy.kind {
            guard now >= nextSample else { return .notBefore(nextSample) }
            nextSample = now + interval
        }
        guard let held = removeOldest() else { return .empty }
        counts.delivered += 1
        return .message(held.message)
    }

    /// Whether there is room for a message of so many bytes now.
    public func hasRoom(for bytes: Int) -> Bool {
        queue.count < policy.capacity && bytes <= policy.capacityBytes - heldBytes
    }

    /// Drops everything that is held, at the end of a stream.
    public mutating func discard(onDrop: (Message) -> Void = { _ in }) {
        while let held = removeOldest() {
            counts.dropped += 1
            onDrop(held.message)
        }
    }

    /// What to ask the source to do, once for each crossing of a watermark.
    public mutating func flowChange() -> FlowChange? {
        guard let watermarks else { return nil }
        if !isPaused, queue.count > watermarks.pauseAbove {
            isPaused = true
            return .pause
        }
        if isPaused, queue.count <= watermarks.resumeAt {
            isPaused = false
            return .resume
        }
        return nil
    }

    // MARK: - Inside

    private mutating func append(_ message: Message, bytes: Int, key: ConflationKey?) {
        queue.append(Held(message: message, bytes: bytes, number: nextNumber, key: key))
        if let key { numbers[key] = nextNumber }
        nextNumber += 1
        heldBytes += bytes
        counts.offered += 1
        counts.held += 1
    }

    private mutating func removeOldest() -> Held? {
        guard let held = queue.popFirst() else { return nil }
        if let key = held.key { numbers[key] = nil }
        heldBytes -= held.bytes
        counts.held -= 1
        return held
    }

    private mutating func drop(_ message: Message, onDrop: (Message) -> Void) -> Offer {
        counts.offered += 1
        counts.dropped += 1
        onDrop(message)
        return .droppedOffered
    }

    private mutating func oversize(_ message: Message, bytes: Int, onDrop: (Message) -> Void) -> Offer {
        switch policy.kind {
        case .suspend, .fail: .fail(.tooLarge(bytes: bytes, capacityBytes: policy.capacityBytes))
        case .dropNewest, .dropOldest, .conflate, .sample: drop(message, onDrop: onDrop)
        }
    }

    private mutating func appendDroppingOldest(
        _ message: Message, bytes: Int, key: ConflationKey?, onDrop: (Message) -> Void
    ) -> Offer {
        var dropped = 0
        while !hasRoom(for: bytes), let oldest = removeOldest() {
            dropped += 1
            counts.dropped += 1
            onDrop(oldest.message)
        }
        append(message, bytes: bytes, key: key)
        return dropped == 0 ? .accepted : .droppedOlder(dropped)
    }

    private mutating func conflate(
        _ message: Message, bytes: Int, key: ConflationKey, onDrop: (Message) -> Void
    ) -> Offer {
        guard let number = numbers[key], let index = position(of: number) else {
            return appendDroppingOldest(message, bytes: bytes, key: key, onDrop: onDrop)
        }
        let old = queue[index]
        let others = heldBytes - old.bytes
        if bytes <= policy.capacityBytes - others {
            queue[index].message = message
            queue[index].bytes = bytes
            heldBytes = others + bytes
            counts.offered += 1
            counts.dropped += 1
            onDrop(old.message)
            return .droppedOlder(1)
        }
        // It has grown beyond the room there is: it gives up its place, so that it is not dropped for itself.
        queue.remove(at: index)
        numbers[key] = nil
        heldBytes = others
        counts.held -= 1
        counts.dropped += 1
        onDrop(old.message)
        switch appendDroppingOldest(message, bytes: bytes, key: key, onDrop: onDrop) {
        case .droppedOlder(let count): return .droppedOlder(count + 1)
        default: return .droppedOlder(1)
        }
    }

    private func position(of number: UInt64) -> Int? {
        var low = 0
        var high = queue.count
        while low < high {
            let middle = low + (high - low) / 2
            if queue[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < queue.count && queue[low].number == number ? low : nil
    }
}

extension PolicyBuffer.Held: Sendable where Message: Sendable {}

extension PolicyBuffer: Sendable where Message: Sendable {}
