// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// 32 streams on one connection whose client has small windows, in rounds of what one round trip carries.
private final class SharedConnection {
    enum ConnectionCredit {
        /// As most clients: when bytes arrive.
        case atReceipt
        /// As some: when the application has read them.
        case whenRead
    }

    let rig: ServerRig
    let ids = (0..<32).map { Int32(2 * $0 + 1) }
    let credit: ConnectionCredit
    /// Streams whose application does not read.
    var stopped: Set<Int32> = []
    private var received: [Int32: Int] = [:]
    private var unreturned: [Int32: Int] = [:]
    private var connectionUnreturned = 0
    /// The streams of the DATA frames, in order.
    private(set) var order: [Int32] = []

    init(credit: ConnectionCredit, messageBytes: Int, stopped: Set<Int32> = [], greedy: Int32? = nil) throws {
        self.credit = credit
        self.stopped = stopped
        rig = try ServerRig({ $0.flow.stallDeadline = .seconds(3600) }, keeping: .counts)
        rig.connect()
        rig.onFrame = { [unowned self] header in
            if header.kind == .data { order.append(header.stream) }
        }
        for id in ids {
            let call = try #require(rig.openList(id))
            // A greedy one has messages ten times as large.
            let size = id == greedy ? 10 * messageBytes : messageBytes
            Sender(call, [Int](repeating: size, count: 3_000_000 / size)).run()
        }
        rig.pump()
        readAll()
    }

    func total(_ id: Int32) -> Int { rig.peer[id].dataBytes }

    /// One round trip: the client reads what came and returns credit in portions of half a window, then bytes come again.
    func round() {
        rig.advance(by: .milliseconds(10))
        readAll()
    }

    private func readAll() {
        var updates: [RawFrame] = []
        for id in ids {
            let new = total(id) - received[id, default: 0]
            received[id, default: 0] += new
            if credit == .atReceipt || !stopped.contains(id) { connectionUnreturned += new }
            guard !stopped.contains(id) else { continue }
            unreturned[id, default: 0] += new
            if unreturned[id, default: 0] >= 32_768 {
                updates.append(.windowUpdate(unreturned[id, default: 0], stream: id))
                unreturned[id] = 0
            }
        }
        // Those that return it on reading must do so at once: with portions of half a window they could never return any
        // while another stream holds the other half.
        if connectionUnreturned >= (credit == .whenRead ? 1 : 32_768) {
            updates.append(.windowUpdate(connectionUnreturned))
            connectionUnreturned = 0
        }
        if !updates.isEmpty { rig.feed(updates.flatMap(\.bytes)) }
    }

    /// Bytes of each stream over so many rounds, after as many to settle.
    func measure(rounds: Int) -> [Int32: Int] {
        for _ in 0..<rounds { round() }
        let before = Dictionary(uniqueKeysWithValues: ids.map { ($0, total($0)) })
        for _ in 0..<rounds { round() }
        return Dictionary(uniqueKeysWithValues: ids.map { ($0, total($0) - before[$0, default: 0]) })
    }
}

extension [Int] {
    /// Jain's fairness index: 1 when all are equal.
    fileprivate var jainIndex: Double {
        let sum = Double(reduce(0, +))
        let squares = reduce(0.0) { $0 + Double($1) * Double($1) }
        return squares == 0 ? 0 : sum * sum / (Double(count) * squares)
    }
}

@Suite("Fair share of a connection's window")
struct FairShareConnectionTests {
    @Test("32 equal streams get equal parts", arguments: [100, 1_000, 4_000])
    func equal(messageBytes: Int) throws {
        for credit in [SharedConnection.ConnectionCredit.atReceipt, .whenRead] {
            let connection = try SharedConnection(credit: credit, messageBytes: messageBytes)
            let bytes = connection.measure(rounds: messageBytes < 1_000 ? 200 : 600)
            #expect(Array(bytes.values).jainIndex >= 0.99, "\(credit): \(bytes.values.sorted())")
        }
    }

    @Test("one reader that stops costs the others nothing where credit returns at receipt", arguments: [100, 1_000])
    func stoppedAtReceipt(messageBytes: Int) throws {
        let all = try SharedConnection(credit: .atReceipt, messageBytes: messageBytes).measure(
            rounds: messageBytes < 1_000 ? 200 : 600)
        let connection = try SharedConnection(credit: .atReceipt, messageBytes: messageBytes, stopped: [1])
        let bytes = connection.measure(rounds: messageBytes < 1_000 ? 200 : 600)
        for id in connection.ids.dropFirst() {
            #expect(Double(bytes[id, default: 0]) >= 0.9 * Double(all[id, default: 0]))
        }
    }

    @Test(
        "one reader that stops leaves the others seven sixteenths of the window where credit returns on reading",
        arguments: [100, 1_000])
    func stoppedWhenRead(messageBytes: Int) throws {
        let all = try SharedConnection(credit: .whenRead, messageBytes: messageBytes).measure(
            rounds: messageBytes < 1_000 ? 200 : 600)
        let connection = try SharedConnection(credit: .whenRead, messageBytes: messageBytes, stopped: [1])
        let bytes = connection.measure(rounds: messageBytes < 1_000 ? 200 : 600)
        #expect(connection.total(1) <= 65_535 / 16 * 9 + messageBytes + 5)
        let share = connection.ids.dropFirst().map { Double(bytes[$0, default: 0]) / Double(all[$0, default: 1]) }
        #expect((share.min() ?? 0) >= 0.38, "\(share)")
        #expect(connection.ids.dropFirst().map { bytes[$0, default: 0] }.jainIndex >= 0.99)
    }

    @Test("a greedy stream with large messages takes no more than its part")
    func greedy() throws {
        let all = try SharedConnection(credit: .atReceipt, messageBytes: 1_000).measure(rounds: 600)
        let connection = try SharedConnection(credit: .atReceipt, messageBytes: 1_000, greedy: 1)
        let bytes = connection.measure(rounds: 600)
        for id in connection.ids.dropFirst() {
            #expect(Double(bytes[id, default: 0]) >= 0.9 * Double(all[id, default: 0]))
        }
    }

    @Test("a ready stream waits at most two rounds of all streams' turns")
    func gaps() throws {
        let connection = try SharedConnection(credit: .atReceipt, messageBytes: 1_000)
        for _ in 0..<100 { connection.round() }
        var last: [Int32: Int] = [:]
        var longest = 0
        // A turn is a run of frames of one stream.
        var turn = 0
        var previous: Int32 = 0
        for stream in connection.order {
            if stream != previous { turn += 1 }
            previous = stream
            if let seen = last[stream] { longest = max(longest, turn - seen) }
            last[stream] = turn
        }
        #expect(longest <= 2 * 32, "\(longest) turns")
    }

    @Test("a reader that stopped first leaves seven sixteenths to streams that come later")
    func stoppedFirst() throws {
        let rig = try ServerRig { $0.flow.stallDeadline = .seconds(3600) }
        rig.connect()
        let first = rig.stream(try #require(rig.openList(1)), [Int](repeating: 995, count: 5))
        // Its client is seen to refill early, then stops to read.
        rig.feed(.windowUpdate(5_000), .windowUpdate(5_000, stream: 1))
        first.sizes = .init(repeating: 995, count: 200)
        first.run()
        rig.pump()
        #expect(first.isWaiting)
        #expect(rig.peer[1].dataBytes - 5_000 <= 65_535 / 16 * 9 + 1_000)
        let second = rig.stream(try #require(rig.openList(3)), [Int](repeating: 995, count: 10))
        #expect(second.sizes.isEmpty)
        // It is cut for its own reader, whatever the others move.
        for _ in 0..<40 {
            rig.advance(by: .seconds(100))
            rig.feed(.windowUpdate(100))
        }
        #expect(rig.stalls.count == 1)
        #expect(first.failure?.code == .resourceExhausted)
    }

    @Test("a peer that refills only a window that is used up is found out, at the cost of one hold-back")
    func exhaustion() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let other = rig.stream(try #require(rig.openList(1)), [10])
        #expect(other.sizes.isEmpty)
        let sender = rig.stream(try #require(rig.openList(3)), [Int](repeating: 995, count: 1000))
        #expect(rig.peer[3].dataBytes < 65_535 / 16 * 9 + 1_000)
        rig.advance(by: .seconds(1))
        #expect(rig.peer[3].dataBytes > 64_000)
        for _ in 0..<5 {
            rig.feed(.windowUpdate(65_000))
        }
        // No second hold-back: 1,000 messages need fifteen windows, five of which came without time passing.
        #expect(rig.peer[3].dataBytes > 5 * 64_000)
        #expect(sender.failure == nil)
    }
}
