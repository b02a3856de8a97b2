// SPDX-License-Identifier: Apache-2.0

/// What happens to messages that their stream cannot carry as fast as they come.
///
///     ticks.buffered(.dropOldest(capacity: 1000))
///     prices.buffered(.conflate(by: \.symbol, capacity: 500))
///
/// A capacity is in messages and, if you like, in bytes; both are hard. A message larger than the capacity in bytes can
/// never be held: policies that drop drop it, the others fail.
public struct SendPolicy<Message>: Sendable {
    enum Kind: Sendable {
        case suspend(timeout: Duration?)
        case dropNewest
        case dropOldest
        case conflate(key: @Sendable (Message) -> ConflationKey)
        case sample(interval: Duration)
        case fail
    }

    let kind: Kind
    /// The name in events.
    public let name: String
    /// Messages that are held at most, at least 1.
    public let capacity: Int
    /// Bytes that are held at most, at least 1.
    public let capacityBytes: Int

    private init(_ kind: Kind, name: String, capacity: Int, bytes: Int) {
        self.kind = kind
        self.name = name
        self.capacity = max(1, capacity)
        capacityBytes = max(1, bytes)
    }

    /// The producer waits until there is room.
    ///
    /// Nothing is lost; the producer must be one that can wait.
    public static func suspend(capacity: Int, bytes: Int = .max) -> SendPolicy {
        SendPolicy(.suspend(timeout: nil), name: "suspend", capacity: capacity, bytes: bytes)
    }

    /// The producer waits until there is room, for so long at most; then it fails with ``BufferOverflow``.
    public static func suspend(timeout: Duration, capacity: Int, bytes: Int = .max) -> SendPolicy {
        SendPolicy(.suspend(timeout: max(.zero, timeout)), name: "suspend", capacity: capacity, bytes: bytes)
    }

    /// What comes while the buffer is full is lost: the beginning matters most, as in a log of a failure.
    public static func dropNewest(capacity: Int, bytes: Int = .max) -> SendPolicy {
        SendPolicy(.dropNewest, name: "drop_newest", capacity: capacity, bytes: bytes)
    }

    /// The oldest make room for what comes: the end matters most, as in a feed.
    public static func dropOldest(capacity: Int, bytes: Int = .max) -> SendPolicy {
        SendPolicy(.dropOldest, name: "drop_oldest", capacity: capacity, bytes: bytes)
    }

    /// Only the newest is held: a state, where what was before is of no use.
    public static var latest: SendPolicy {
        SendPolicy(.dropOldest, name: "latest", capacity: 1, bytes: .max)
    }

    /// Only the newest of each key is held, in the place of the one before: many states, such as prices.
    ///
    /// With more keys than `capacity` the oldest message makes room, whatever its key.
    public static func conflate<Key: Hashable & Sendable>(
        by key: @escaping @Sendable (Message) -> Key, capacity: Int, bytes: Int = .max
    ) -> SendPolicy {
        SendPolicy(.conflate { ConflationKey(key($0)) }, name: "conflate", capacity: capacity, bytes: bytes)
    }

    /// At most one message per interval, the newest: a gauge that nobody watches more often.
    public static func sample(every interval: Duration) -> SendPolicy {
        SendPolicy(.sample(interval: max(.zero, interval)), name: "sample", capacity: 1, bytes: .max)
    }

    /// A full buffer ends the stream with ``BufferOverflow``: whoever lost something must start again anyway.
    public static func fail(capacity: Int, bytes: Int = .max) -> SendPolicy {
        SendPolicy(.fail, name: "fail", capacity: capacity, bytes: bytes)
    }

    /// Whether it says something about time, so that whoever runs it needs a clock.
    public var needsClock: Bool {
        switch kind {
        case .suspend(.some), .sample: true
        default: false
        }
    }
}
