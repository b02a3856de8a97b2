// SPDX-License-Identifier: Apache-2.0

public import WeirBackpressure
internal import WeirTesting

/// One producer that makes messages at a steady rate, and one consumer that takes them more slowly, in virtual time.
///
/// The consumer takes a message in 0.5 to 1.5 ms, one in 200 in 50 ms. Between the two stands a buffer with a policy, or one
/// without an end.
public final class StreamUnderLoad {
    /// A message of the producer: when it was made, and for which of 20 keys.
    public struct Message: Sendable {
        /// Its number, from 0.
        public var number: Int
        /// When it was made, in nanoseconds.
        public var madeAt: Int64
        /// What it is about.
        public var key: Int
    }

    /// What became of the messages.
    public struct Result: Sendable {
        /// Messages that were made after the warm-up.
        public var made = 0
        /// Messages that were taken after the warm-up.
        public var delivered = 0
        /// Messages that were lost after the warm-up.
        public var dropped = 0
        /// How old messages were when they had been taken, in nanoseconds.
        public var ages: [Int64] = []
        /// The most messages that were held at a time, warm-up included.
        public var peakHeld = 0
        /// How often the stream was ended because the buffer was full, and began anew.
        public var failures = 0
        /// How long the producer stood still, in nanoseconds.
        public var producerStopped: Int64 = 0

        /// The age that 99 of 100 messages stayed below, in milliseconds; 0 without messages.
        public func p99() -> Double { age(0.99) }

        /// The age that `part` of the messages stayed below, in milliseconds.
        public func age(_ part: Double) -> Double {
            let sorted = ages.sorted()
            return sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1e6
        }
    }

    /// Messages per second that the consumer can take.
    public static let capacity = 1e9 / (0.995 * 1e6 + 0.005 * 50e6)
    /// What one message takes in memory, in bytes.
    public static let messageBytes = 1_024

    private let policy: SendPolicy<Message>?
    private var buffer: PolicyBuffer<Message>
    private var endless: [Message] = []
    private var endlessHead = 0
    private var random: SeededGenerator
    private var result = Result()

    /// A stream with a policy; nil: a buffer without an end.
    public init(policy: SendPolicy<Message>?, seed: UInt64) {
        self.policy = policy
        buffer = PolicyBuffer(policy: policy ?? .latest)
        random = SeededGenerator(seed: seed)
    }

    /// Produces `load` times what the consumer can take, for so many seconds, and reports what came after the warm-up.
    public func run(load: Double, seconds: Double, warmUp: Double) -> Result {
        let gap = Int64(1e9 / (Self.capacity * load))
        let (end, from) = (Int64(seconds * 1e9), Int64(warmUp * 1e9))
        var nextMake: Int64 = 0
        var consumerFree: Int64 = 0
        var number = 0
        var waiting: (message: Message, since: Int64, until: PolicyInstant)?
        var now: Int64 = 0
        while now <= end {
            // The consumer takes what there is as soon as it is free.
            if consumerFree <= now {
                switch take(at: now) {
                case .message(let message):
                    let needed =
                        random.next() % 200 == 0 ? 50_000_000 : Int64.random(in: 500_000...1_500_000, using: &random)
                    consumerFree = now + needed
                    if now >= from {
                        result.delivered += 1
                        result.ages.append(consumerFree - message.madeAt)
                    }
                case .notBefore(let instant): consumerFree = max(now + 1, instant.nanoseconds)
                case .empty: consumerFree = .max
                }
            }
            // The producer offers what it was left with, then what is due.
            if let held = waiting, !mustWait(held.message, at: now) {
                if now >= from { result.producerStopped += now - max(from, held.since) }
                waiting = nil
                nextMake = max(nextMake, now)
                if consumerFree == .max { consumerFree = now }
            } else if let held = waiting, held.until.nanoseconds <= now {
                fail()
                waiting = nil
            }
            if waiting == nil, nextMake <= now {
                let message = Message(number: number, madeAt: now, key: number % 20)
                number += 1
                if now >= from { result.made += 1 }
                nextMake += gap
                if let until = offer(message, at: now, counts: now >= from) {
                    waiting = (message, now, until)
                } else if consumerFree == .max {
                    consumerFree = now
                }
                continue
            }
            var next = consumerFree
            if waiting == nil {
                next = min(next, nextMake)
            } else if let waiting {
                next = min(next, waiting.until.nanoseconds)
            }
            now = max(now + 1, next)
        }
        return result
    }

    private var held: Int { policy == nil ? endless.count - endlessHead : Int(buffer.counts.held) }

    private func take(at now: Int64) -> PolicyBuffer<Message>.Take {
        guard policy == nil else { return buffer.take(at: PolicyInstant(nanoseconds: now)) }
        guard endlessHead < endless.count else { return .empty }
        defer { endlessHead += 1 }
        return .message(endless[endlessHead])
    }

    private func mustWait(_ message: Message, at now: Int64) -> Bool {
        if case .mustWait = buffer.offer(message, at: PolicyInstant(nanoseconds: now)) { return true }
        result.peakHeld = max(result.peakHeld, held)
        return false
    }

    /// Offers a message; until when the producer waits with it, if it has to.
    private func offer(_ message: Message, at now: Int64, counts: Bool) -> PolicyInstant? {
        defer { result.peakHeld = max(result.peakHeld, held) }
        guard policy != nil else {
            endless.append(message)
            return nil
        }
        switch buffer.offer(message, at: PolicyInstant(nanoseconds: now)) {
        case .accepted: break
        case .droppedOlder(let count): if counts { result.dropped += count }
        case .droppedOffered: if counts { result.dropped += 1 }
        case .mustWait(let until): return until
        case .fail: fail(counts: counts)
        }
        return nil
    }

    /// The stream ends with everything it holds, and the consumer begins a new one.
    private func fail(counts: Bool = true) {
        result.failures += 1
        let lost = Int(buffer.counts.held) + 1
        buffer.discard()
        if counts { result.dropped += lost }
    }
}
