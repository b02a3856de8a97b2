// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: receive windows")
struct ReceiveWindowTests {
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
}
