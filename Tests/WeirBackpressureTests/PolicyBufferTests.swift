// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

@Suite("PolicyBuffer")
struct PolicyBufferTests {
    private struct Message: Hashable, Sendable {
        var key: Int
        var number: Int
    }

    private func drain(_ buffer: inout PolicyBuffer<Int>, at now: PolicyInstant = at(0)) -> [Int] {
        var taken: [Int] = []
        while case .message(let message) = buffer.take(at: now) { taken.append(message) }
        return taken
    }

    private func offer(
        _ policy: SendPolicy<Int>, _ messages: [Int]
    ) -> (offers: [PolicyBuffer<Int>.Offer], held: [Int], dropped: [Int], counts: BufferCounts) {
        var buffer = PolicyBuffer(policy: policy)
        var dropped: [Int] = []
        let offers = messages.map { buffer.offer($0, at: at(0)) { dropped.append($0) } }
        return (offers, drain(&buffer), dropped, buffer.counts)
    }

    @Test("suspend takes what there is room for and lets the rest wait")
    func suspend() {
        let result = offer(.suspend(capacity: 2), [1, 2, 3])
        #expect(result.offers == [.accepted, .accepted, .mustWait(until: .distantFuture)])
        #expect(result.held == [1, 2])
        #expect(result.counts.offered == 2)
        let timed = offer(.suspend(timeout: .seconds(5), capacity: 1), [1, 2])
        #expect(timed.offers == [.accepted, .mustWait(until: at(5))])
    }

    @Test("dropNewest keeps the beginning, dropOldest the end, latest one, fail ends the stream")
    func drops() {
        let newest = offer(.dropNewest(capacity: 2), [1, 2, 3, 4])
        #expect(newest.offers == [.accepted, .accepted, .droppedOffered, .droppedOffered])
        #expect(newest.held == [1, 2])
        #expect(newest.dropped == [3, 4])
        let oldest = offer(.dropOldest(capacity: 2), [1, 2, 3, 4])
        #expect(oldest.offers == [.accepted, .accepted, .droppedOlder(1), .droppedOlder(1)])
        #expect(oldest.held == [3, 4])
        #expect(oldest.dropped == [1, 2])
        let latest = offer(.latest, [1, 2, 3])
        #expect(latest.held == [3])
        #expect(latest.dropped == [1, 2])
        let failing = offer(.fail(capacity: 1), [1, 2])
        #expect(failing.offers == [.accepted, .fail(.full(capacity: 1))])
        #expect(failing.held == [1])
    }

    @Test("conflate keeps the newest of each key in the place of its first, and bounds the keys")
    func conflate() {
        let result = offer(.conflate(by: { $0 / 10 }, capacity: 3), [10, 20, 11, 30, 21, 12])
        #expect(result.held == [12, 21, 30])
        #expect(result.dropped == [10, 20, 11])
        let full = offer(.conflate(by: { $0 / 10 }, capacity: 2), [10, 20, 30, 11])
        #expect(full.held == [30, 11])
        #expect(full.dropped == [10, 20])
    }

    @Test("a key that was taken out is a new key again")
    func conflateAfterTaking() {
        var buffer = PolicyBuffer<Int>(policy: .conflate(by: { $0 / 10 }, capacity: 3))
        #expect(buffer.offer(10, at: at(0)) == .accepted)
        #expect(drain(&buffer) == [10])
        #expect(buffer.offer(11, at: at(0)) == .accepted)
        #expect(buffer.offer(20, at: at(0)) == .accepted)
        #expect(drain(&buffer) == [11, 20])
    }

    @Test("sample gives at most one message per interval, the newest, and never loses the last")
    func sample() {
        var buffer = PolicyBuffer<Int>(policy: .sample(every: .seconds(10)))
        #expect(buffer.offer(1, at: at(0)) == .accepted)
        #expect(drain(&buffer, at: at(0)) == [1])
        #expect(buffer.offer(2, at: at(1)) == .accepted)
        #expect(buffer.offer(3, at: at(2)) == .droppedOlder(1))
        guard case .notBefore(let instant) = buffer.take(at: at(3)) else {
            Issue.record("it was there too early")
            return
        }
        #expect(instant == at(10))
        #expect(drain(&buffer, at: at(9.999)).isEmpty)
        #expect(drain(&buffer, at: at(10)) == [3])
        #expect(buffer.counts.dropped == 1)
    }

    @Test("the capacity in bytes is hard, and a message above it can never be held")
    func bytes() {
        var oldest = PolicyBuffer<Int>(policy: .dropOldest(capacity: 10, bytes: 100))
        #expect(oldest.offer(1, bytes: 60, at: at(0)) == .accepted)
        #expect(oldest.offer(2, bytes: 40, at: at(0)) == .accepted)
        #expect(oldest.offer(3, bytes: 41, at: at(0)) == .droppedOlder(1))
        #expect(oldest.heldBytes == 81)
        #expect(oldest.offer(4, bytes: 101, at: at(0)) == .droppedOffered)
        #expect(oldest.offer(5, bytes: 100, at: at(0)) == .droppedOlder(2))
        #expect(drain(&oldest) == [5])
        #expect(oldest.heldBytes == 0)
        var waiting = PolicyBuffer<Int>(policy: .suspend(capacity: 10, bytes: 100))
        #expect(waiting.offer(1, bytes: 100, at: at(0)) == .accepted)
        #expect(waiting.offer(2, bytes: 1, at: at(0)) == .mustWait(until: .distantFuture))
        #expect(waiting.offer(3, bytes: 101, at: at(0)) == .fail(.tooLarge(bytes: 101, capacityBytes: 100)))
    }

    @Test("a conflated message that has grown is not dropped for itself")
    func conflatedBytes() {
        var buffer = PolicyBuffer<Int>(policy: .conflate(by: { $0 / 10 }, capacity: 10, bytes: 100))
        _ = buffer.offer(10, bytes: 30, at: at(0))
        _ = buffer.offer(20, bytes: 30, at: at(0))
        _ = buffer.offer(30, bytes: 30, at: at(0))
        #expect(buffer.offer(11, bytes: 70, at: at(0)) == .droppedOlder(2))
        #expect(drain(&buffer) == [30, 11])
        #expect(buffer.counts.dropped == 2)
    }

    @Test("watermarks ask to pause above the high one and to go on at the low one, once for each crossing")
    func watermarks() {
        var buffer = PolicyBuffer<Int>(policy: .dropOldest(capacity: 10), watermarks: Watermarks(pauseAbove: 4))
        var changes: [FlowChange] = []
        for number in 0..<10 {
            _ = buffer.offer(number, at: at(0))
            if let change = buffer.flowChange() { changes.append(change) }
            if number < 4 { #expect(changes.isEmpty) }
        }
        #expect(changes == [.pause])
        for _ in 0..<7 {
            _ = buffer.take(at: at(0))
            if let change = buffer.flowChange() { changes.append(change) }
        }
        #expect(changes == [.pause])
        _ = buffer.take(at: at(0))
        #expect(buffer.flowChange() == .resume)
        #expect(buffer.flowChange() == nil)
        #expect(Watermarks(pauseAbove: 3, resumeAt: 8).resumeAt == 2)
    }

    /// The same policies over an array, in the plainest way.
    private struct Model {
        enum Kind: CaseIterable { case suspend, dropNewest, dropOldest, conflate, fail }

        let kind: Kind
        let capacity: Int
        let capacityBytes: Int
        var held: [(message: Message, bytes: Int)] = []

        var policy: SendPolicy<Message> {
            switch kind {
            case .suspend: .suspend(capacity: capacity, bytes: capacityBytes)
            case .dropNewest: .dropNewest(capacity: capacity, bytes: capacityBytes)
            case .dropOldest: .dropOldest(capacity: capacity, bytes: capacityBytes)
            case .conflate: .conflate(by: \.key, capacity: capacity, bytes: capacityBytes)
            case .fail: .fail(capacity: capacity, bytes: capacityBytes)
            }
        }

        private func fits(_ bytes: Int) -> Bool {
            held.count < capacity && held.reduce(0) { $0 + $1.bytes } + bytes <= capacityBytes
        }

        mutating func offer(_ message: Message, bytes: Int) {
            switch kind {
            case .suspend, .fail, .dropNewest:
                if fits(bytes) { held.append((message, bytes)) }
            case .dropOldest:
                push(message, bytes)
            case .conflate:
                guard bytes <= capacityBytes else { return }
                if let index = held.firstIndex(where: { $0.message.key == message.key }) {
                    let others = held.reduce(0) { $0 + $1.bytes } - held[index].bytes
                    if others + bytes <= capacityBytes {
                        held[index] = (message, bytes)
                        return
                    }
                    held.remove(at: index)
                }
                push(message, bytes)
            }
        }

        private mutating func push(_ message: Message, _ bytes: Int) {
            guard bytes <= capacityBytes else { return }
            while !fits(bytes) { held.removeFirst() }
            held.append((message, bytes))
        }
    }

    @Test(
        "offered = delivered + dropped + held at every step, as the model says and never above the capacity",
        arguments: 0..<50)
    func property(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var model = Model(
            kind: Model.Kind.allCases[seed % Model.Kind.allCases.count],
            capacity: Int.random(in: 1...8, using: &random),
            capacityBytes: Int.random(in: 1...200, using: &random))
        var buffer = PolicyBuffer(policy: model.policy)
        var taken = Set<Message>()
        var lost = Set<Message>()
        var accepted = 0
        var newest: [Int: Int] = [:]
        for number in 0..<2000 {
            if Int.random(in: 0..<3, using: &random) > 0 {
                let message = Message(key: Int.random(in: 0..<6, using: &random), number: number)
                let bytes = Int.random(in: 0...60, using: &random)
                let offer = buffer.offer(message, bytes: bytes, at: at(0)) { lost.insert($0) }
                model.offer(message, bytes: bytes)
                switch offer {
                case .accepted, .droppedOlder, .droppedOffered: accepted += 1
                case .mustWait, .fail: break
                }
                if offer != .droppedOffered { newest[message.key] = number }
            } else {
                switch buffer.take(at: at(0)) {
                case .message(let message):
                    #expect(model.held.first?.message == message)
                    model.held.removeFirst()
                    taken.insert(message)
                case .empty, .notBefore:
                    #expect(model.held.isEmpty)
                }
            }
            let counts = buffer.counts
            #expect(counts.offered == counts.delivered + counts.dropped + counts.held)
            #expect(counts.offered == UInt64(accepted))
            #expect(counts.delivered == UInt64(taken.count))
            #expect(counts.dropped == UInt64(lost.count))
            #expect(counts.held == UInt64(model.held.count))
            #expect(counts.held <= UInt64(model.capacity))
            #expect(buffer.heldBytes == model.held.reduce(0) { $0 + $1.bytes })
            #expect(buffer.heldBytes <= model.capacityBytes)
        }
        #expect(taken.isDisjoint(with: lost))
        if model.kind == .conflate {
            #expect(Set(model.held.map(\.message.key)).count == model.held.count)
            for (message, _) in model.held { #expect(newest[message.key] == message.number) }
        }
        buffer.discard { lost.insert($0) }
        #expect(buffer.counts.offered == buffer.counts.delivered + buffer.counts.dropped)
        #expect(buffer.isEmpty)
        #expect(buffer.heldBytes == 0)
    }
}
