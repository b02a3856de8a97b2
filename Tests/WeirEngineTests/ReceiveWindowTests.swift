// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC

@Suite("ServerConnection: receive windows")
struct ReceiveWindowTests {
    private func bandwidthPings(_ rig: ServerRig) -> [RawFrame] {
        rig.peer.frames.filter { $0.kind == .ping && $0.flags == 0 && $0.payload == payload(.bandwidth) }
    }

    private func payload(_ ping: HTTP2Ping) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: ping.rawValue >> (56 - 8 * $0)) }
    }

    private func initialWindows(_ rig: ServerRig) -> [UInt32] {
        rig.peer.frames.filter { $0.kind == .settings }.flatMap { frame in
            stride(from: 0, to: frame.payload.count - 5, by: 6).compactMap { index in
                let entry = frame.payload[index..<(index + 6)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                return entry >> 32 == 4 ? UInt32(truncatingIfNeeded: entry) : nil
            }
        }
    }

    @Test("padding comes back by the library itself, what the application holds does not: nothing twice, nothing lost")
    func padding() throws {
        let rig = try ServerRig { configuration in
            configuration.settings.connectionReceiveWindowBytes = 65_535
            configuration.settings.maximumConnectionReceiveWindowBytes = 0
            configuration.connectionReceiveBudgetBytes = 0
        }
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        var sent = 0
        for _ in 0..<8 {
            let frame = RawFrame.data(ServerRig.framed(95), stream: 1, padding: 255)
            sent += frame.payload.count
            rig.feed(frame)
        }
        let connection = rig.connection.session.libraryReceiveWindow()
        #expect(connection.unreturnedBytes == sent)
        #expect(rig.connection.session.receiving.owedBytes == 800)
        let stream = try #require(rig.connection.session.streams[1])
        #expect(rig.connection.session.libraryReceiveWindow(of: stream).unreturnedBytes == sent)
        #expect(stream.receiveCredit.withheldBytes == 800)
        for _ in 0..<8 { rig.ask(receiver) }
        // Now the rest of a window: the update carries all of it.
        var fed = 0
        while rig.peer.credit[0] == nil {
            let frame = RawFrame.data(ServerRig.framed(9_995), stream: 1, padding: 100)
            sent += frame.payload.count
            rig.feed(frame)
            rig.ask(receiver)
            fed += 1
            try #require(fed < 10)
        }
        #expect(rig.peer.credit[0] == sent)
        #expect(rig.peer.credit[1] == sent)
        #expect(rig.connection.session.libraryReceiveWindow().unreturnedBytes == 0)
    }

    @Test("a connection keeps its first window until its peer sends")
    func growsOnDemand() throws {
        let rig = try ServerRig()
        rig.connect()
        #expect(rig.receiveBudget.takenBytes == 65_535)
        #expect(rig.peer.credit[0] == nil)
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.feed(.data(ServerRig.framed(16_377), stream: 1))
        #expect(rig.peer.credit[0] == nil)
        rig.feed(.data([0], stream: 1))
        #expect(rig.peer.credit[0] == (1 << 20) - 65_535)
        #expect(rig.receiveBudget.takenBytes >= 1 << 20)
        rig.ask(receiver)
        receiver.call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.receiveBudget.takenBytes == 1 << 20)
        rig.connection.connectionLost("over", at: rig.now)
        #expect(rig.receiveBudget.takenBytes == 0)
    }

    @Test("a connection whose first window does not fit is told to calm down and closed", arguments: [0, 1])
    func refused(missing: Int) throws {
        let budget = ProcessReceiveBudget(limitBytes: 65_535 - missing)
        let rig = try ServerRig(receiveBudget: budget)
        rig.connect()
        #expect(rig.connectionRefusals.count == missing)
        #expect(rig.closed == missing)
        let goAway = rig.peer.frames.first { $0.kind == .goAway }
        #expect(goAway.map { Array($0.payload[4..<8]) } == (missing == 0 ? nil : RawFrame.bigEndian(11)))
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1))
        #expect(rig.calls.isEmpty == (missing == 1))
        rig.connection.connectionLost("over", at: rig.now)
        #expect(budget.takenBytes == 0)
    }

    @Test("connections whose handlers do not read share the budget, and one that frees room lets another go on")
    func freedByOthers() throws {
        let budget = ProcessReceiveBudget(limitBytes: 300_000)
        var rigs: [ServerRig] = []
        for _ in 0..<2 {
            let rig = try ServerRig(
                {
                    $0.settings.connectionReceiveWindowBytes = 65_535
                    $0.settings.measuresBandwidth = false
                }, receiveBudget: budget)
            rig.connect()
            rigs.append(rig)
        }
        var receivers: [Receiver] = []
        // The first one takes what there is beyond the two windows: 225,000 - 131,070.
        var sent = [0, 0]
        for index in 0..<2 {
            for id in [Int32(1), 3] {
                receivers.append(Receiver(try #require(rigs[index].openTalk(id))))
                while rigs[index].peerWindow(sent: sent[index]) >= 10_000, sent[index] < (id == 1 ? 60_000 : 120_000) {
                    rigs[index].feed(.data(ServerRig.framed(9_995), stream: id))
                    sent[index] += 10_000
                }
            }
        }
        #expect(sent[0] == 120_000)
        #expect(sent[1] < 120_000)
        #expect(rigs[1].connection.session.receiving.owedBytes > 32_767)
        #expect(budget.takenBytes <= budget.limitBytes(for: .held))
        let before = rigs[1].peerWindow(sent: sent[1])
        // Nobody tells the second connection, so it asks again.
        for _ in 0..<6 { rigs[0].ask(receivers[0]) }
        for _ in 0..<6 { rigs[0].ask(receivers[1]) }
        #expect(rigs[1].peerWindow(sent: sent[1]) == before)
        let next = try #require(rigs[1].connection.nextDeadline)
        #expect(next == rigs[1].now + .milliseconds(10))
        rigs[1].advance(by: .milliseconds(10))
        #expect(rigs[1].connection.session.receiving.owedBytes == 0)
        #expect(rigs[1].peerWindow(sent: sent[1]) > before)
        for rig in rigs { rig.connection.connectionLost("over", at: rig.now) }
        #expect(budget.takenBytes == 0)
    }

    @Test("requests that fill the connection and wait for their rest are shed one by one until the others can go on")
    func shed() throws {
        let rig = try ServerRig {
            $0.settings.connectionReceiveWindowBytes = 65_535
            $0.settings.measuresBandwidth = false
            $0.connectionReceiveBudgetBytes = 60_000
        }
        rig.connect()
        var sent = 0
        for id in [Int32(1), 3, 5] {
            let path = id == 1 ? "/test.Echo/Talk" : "/test.Echo/Get"
            rig.feed(ServerRig.request(path, stream: id, message: nil, ends: false))
            let part = Array(ServerRig.framed(50_000).prefix(id == 5 ? 39_000 : 40_000))
            for start in stride(from: 0, to: part.count, by: 10_000) {
                rig.feed(.data(Array(part[start..<min(start + 10_000, part.count)]), stream: id))
            }
            sent += part.count
        }
        #expect(rig.peerWindow(sent: sent) < 16_384)
        let receiver = Receiver(try #require(rig.calls[1]))
        // A handler that does not ask might still do so: nothing is shed.
        rig.advance(by: .seconds(3))
        #expect([1, 3, 5].allSatisfy { rig.peer[$0].status == nil })
        rig.ask(receiver)
        rig.advance(by: .milliseconds(999))
        #expect([1, 3, 5].allSatisfy { rig.peer[$0].status == nil })
        rig.advance(by: .milliseconds(1_002))
        // The largest, and of equal ones the youngest.
        #expect(rig.peer[3].status == "8")
        #expect(rig.peer[3].sections.last?["grpc-status-details-bin"] != nil)
        #expect(rig.peer[1].status == nil)
        #expect(rig.peer[5].status == nil)
        #expect(rig.peerWindow(sent: sent) > 16_384)
        rig.feed(.data([UInt8](repeating: 7, count: 10_005), stream: 1))
        #expect(receiver.sizes == [50_000])
    }

    @Test("a message that no budget could hold fails at once", arguments: [0, 1])
    func neverFits(excess: Int) throws {
        let rig = try ServerRig {
            $0.settings.connectionReceiveWindowBytes = 65_535
            $0.connectionReceiveBudgetBytes = 100_000
        }
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1, message: nil, ends: false))
        rig.feed(.data([0] + RawFrame.bigEndian(UInt32(165_530 + excess)), stream: 1))
        #expect(rig.peer[1].status == (excess == 0 ? nil : "8"))
    }

    @Test("windows grow to what a round trip carries, for streams that are open too, one PING at a time")
    func growsByMeasuring() throws {
        let rig = try ServerRig { $0.settings.connectionReceiveWindowBytes = 65_535 }
        rig.connect()
        rig.feed(RawFrame(kind: .settings, flags: RawFrame.acknowledge))
        rig.advance(by: .seconds(100))
        #expect(bandwidthPings(rig).isEmpty)
        let receiver = Receiver(try #require(rig.openTalk()))
        var sent = 0
        var stream = 65_536
        for round in 0..<12 {
            rig.now = rig.now + .milliseconds(10)
            // A window's worth arrives, and the answer behind it.
            let pings = bandwidthPings(rig).count
            var burst = min(rig.peerWindow(sent: sent), rig.peerWindow(1, sent: sent, first: stream))
            while burst >= 4_096 {
                rig.feed(.data(ServerRig.framed(4_091), stream: 1))
                rig.ask(receiver)
                sent += 4_096
                burst -= 4_096
            }
            #expect(bandwidthPings(rig).count <= pings + 1, "round \(round)")
            rig.now = rig.now + .milliseconds(10)
            rig.feed(.ping(payload(.bandwidth), acknowledge: true))
            if let announced = initialWindows(rig).last, announced > stream {
                stream = Int(announced)
                rig.feed(RawFrame(kind: .settings, flags: RawFrame.acknowledge))
            }
        }
        let session = rig.connection.session
        #expect(initialWindows(rig).last == 4 << 20)
        #expect(session.receiving.windowBytes == 4 << 20)
        let open = try #require(session.streams[1])
        #expect(session.libraryReceiveWindow(of: open).windowBytes == 4 << 20)
        #expect(initialWindows(rig) == initialWindows(rig).sorted())
        #expect(rig.protocolErrors.isEmpty)
        #expect(rig.receiveBudget.takenBytes >= 4 << 20)
        // At the limit there is nothing more to measure.
        let pings = bandwidthPings(rig).count
        for _ in 0..<200 {
            rig.feed(.data(ServerRig.framed(4_091), stream: 1))
            rig.ask(receiver)
        }
        #expect(bandwidthPings(rig).count == pings)
        #expect(receiver.sizes.allSatisfy { $0 == 4_091 })
    }

    @Test("each window has its own limit, and measuring can be turned off", arguments: 0..<3)
    func knobs(which: Int) throws {
        let rig = try ServerRig { configuration in
            configuration.settings.connectionReceiveWindowBytes = 200_000
            if which == 0 { configuration.settings.maximumStreamReceiveWindowBytes = 0 }
            if which == 1 { configuration.settings.maximumConnectionReceiveWindowBytes = 0 }
            if which == 2 { configuration.settings.measuresBandwidth = false }
        }
        rig.connect()
        rig.feed(RawFrame(kind: .settings, flags: RawFrame.acknowledge))
        let receiver = Receiver(try #require(rig.openTalk()))
        for _ in 0..<10 {
            for _ in 0..<8 {
                rig.feed(.data(ServerRig.framed(16_379), stream: 1))
                rig.ask(receiver)
            }
            rig.now = rig.now + .milliseconds(1)
            rig.feed(.ping(payload(.bandwidth), acknowledge: true))
        }
        #expect(bandwidthPings(rig).isEmpty == (which == 2))
        let connection = rig.connection.session.receiving.windowBytes
        switch which {
        case 0:
            #expect(initialWindows(rig) == [65_536])
            #expect(connection > 200_000)
        case 1:
            #expect((initialWindows(rig).last ?? 0) > 65_536)
            #expect((initialWindows(rig).last ?? 0) <= 200_000)
            #expect(connection == 200_000)
        default:
            #expect(initialWindows(rig) == [65_536])
            #expect(connection == 200_000)
        }
    }

    @Test("a window that the budget has no room for does not grow")
    func growthInsideBudget() throws {
        let budget = ProcessReceiveBudget(limitBytes: 300_000)
        let rig = try ServerRig(receiveBudget: budget)
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        for _ in 0..<30 {
            rig.feed(.data(ServerRig.framed(9_995), stream: 1))
            rig.ask(receiver)
            rig.now = rig.now + .milliseconds(1)
            rig.feed(.ping(payload(.bandwidth), acknowledge: true))
        }
        #expect(rig.connection.session.receiving.windowBytes == 65_535 + 65_536)
        #expect(budget.takenBytes <= 150_000)
        #expect(initialWindows(rig).allSatisfy { $0 <= 131_071 })
    }

    @Test("the answer to one PING is not taken for the other's")
    func pingsApart() throws {
        let rig = try ServerRig()
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.feed(.data(ServerRig.framed(16_000), stream: 1))
        rig.ask(receiver)
        #expect(bandwidthPings(rig).count == 1)
        rig.connection.beginDrain(at: rig.now)
        rig.pump()
        rig.feed(.ping(payload(.bandwidth), acknowledge: true))
        rig.feed(.ping([1, 2, 3, 4, 5, 6, 7, 8], acknowledge: true))
        #expect(rig.peer.count(.goAway) == 1)
        rig.feed(.ping(payload(.drain), acknowledge: true))
        #expect(rig.peer.count(.goAway) == 2)
    }
}
