// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: senders with a deadline")
struct SendDeadlineTests {
    private func rig(window: Int = 0) throws -> (ServerRig, ServerCall) {
        let rig = try ServerRig()
        rig.connect([.initialWindow(window)])
        return (rig, try #require(rig.openList()))
    }

    @Test(
        "gives up at its deadline and not before",
        arguments: [(-1, true), (0, false), (1, false)] as [(Int64, Bool)])
    func atTheDeadline(offset: Int64, isWaiting: Bool) throws {
        let (rig, call) = try rig()
        let waiting = Waiting(call, 100, deadline: .seconds(2))
        rig.pump()
        rig.advance(to: MonotonicInstant(nanoseconds: 2_000_000_000 + offset))
        #expect(waiting.isWaiting == isWaiting)
    }

    @Test("says how long it waited, why, and how far the windows were open; the next message goes")
    func report() throws {
        let (rig, call) = try rig(window: 1_000)
        _ = rig.stream(call, [945])
        let waiting = Waiting(call, 100, deadline: .milliseconds(500))
        rig.pump()
        rig.advance(by: .milliseconds(500))
        let report = try #require(waiting.timedOut)
        #expect(waiting.failure?.code == .deadlineExceeded)
        #expect(report.waitedFor == .milliseconds(500))
        #expect(report.cause == .streamWindow)
        #expect(report.messageBytes == 105)
        #expect(report.queuedBytes == 0)
        #expect(report.streamWindowBytes == 50)
        #expect(report.connectionWindowBytes == 65_535 - 950)
        #expect(rig.peer[1].data.count == 950)
        rig.feed(.windowUpdate(1_000, stream: 1))
        #expect(rig.peer[1].data.count == 950)
        let sender = rig.stream(call, [200])
        #expect(sender.written == [200])
        #expect(rig.peer[1].messages.sizes == [945, 200])
        #expect(rig.peer[1].messages.rest == 0)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.holdsNothing)
    }

    @Test("room that came before the deadline counts, although the timer fires late")
    func grantWins() throws {
        let (rig, call) = try rig()
        let waiting = Waiting(call, 100, deadline: .seconds(2))
        rig.pump()
        rig.now = MonotonicInstant(nanoseconds: 3_000_000_000)
        rig.feed(.windowUpdate(1_000, stream: 1))
        rig.jump(by: .seconds(5))
        #expect(waiting.wasGranted)
        #expect(rig.peer[1].messages.sizes == [100])
    }

    @Test("those behind one that gives up go on, in their order")
    func othersGoOn() throws {
        let (rig, call) = try rig()
        let first = Waiting(call, 5_000, deadline: .seconds(1))
        let second = Waiting(call, 200)
        let third = Waiting(call, 300, deadline: .seconds(3))
        let fourth = Waiting(call, 400)
        rig.pump()
        #expect(rig.connection.counts.suspendedSenders == 4)
        rig.advance(by: .seconds(1))
        #expect(first.timedOut != nil)
        #expect(second.isWaiting && third.isWaiting && fourth.isWaiting)
        rig.feed(.windowUpdate(205, stream: 1))
        #expect(second.wasGranted)
        rig.advance(by: .seconds(2))
        #expect(third.timedOut?.waitedFor == .seconds(3))
        rig.feed(.windowUpdate(405, stream: 1))
        #expect(fourth.wasGranted)
        #expect(rig.peer[1].messages.sizes == [200, 400])
    }

    @Test("one in the middle gives up and leaves the first one's place alone")
    func middle() throws {
        let (rig, call) = try rig()
        let first = Waiting(call, 100)
        let second = Waiting(call, 200, deadline: .seconds(1))
        rig.pump()
        rig.advance(by: .seconds(1))
        #expect(first.isWaiting)
        #expect(second.timedOut != nil)
        rig.feed(.windowUpdate(105, stream: 1))
        #expect(first.wasGranted)
    }

    @Test("a sender that tries again and again does not hide a reader that stopped")
    func stillStalls() throws {
        let (rig, call) = try rig()
        var tries = 0
        var last: RPCError?
        while rig.stalls.isEmpty, tries < 100 {
            let waiting = Waiting(call, 100, since: rig.now, deadline: .seconds(7))
            rig.pump()
            rig.advance(by: .seconds(7))
            last = waiting.failure
            tries += 1
        }
        #expect(tries == 9)
        #expect(rig.stalls.count == 1)
        #expect(rig.stalls.first?.stalledFor == .seconds(60))
        #expect(last?.streamStalled?.cause == .streamWindow)
        #expect(rig.peer[1].status == "8")
        #expect(rig.holdsNothing)
    }

    @Test("the connection has one timer a call, the earliest deadline, and none when nothing is due")
    func oneTable() throws {
        let (rig, call) = try rig()
        let waits = (1...20).map { Waiting(call, 10, deadline: .seconds($0 % 7 + 3)) }
        rig.pump()
        #expect(rig.connection.counts.timers == 1)
        #expect(rig.connection.nextDeadline == MonotonicInstant(nanoseconds: 3_000_000_000))
        rig.feed(.windowUpdate(10_000, stream: 1))
        #expect(waits.allSatisfy { $0.wasGranted })
        #expect(rig.connection.counts.timers == 0)
    }

    @Test("more senders than the limit are refused, one by one, and the others wait")
    func limit() throws {
        let (rig, call) = try rig()
        let waits = (0..<ServerCall.maximumWaiters).map { _ in Waiting(call, 1) }
        rig.pump()
        #expect(waits.allSatisfy { $0.isWaiting })
        let tooMany = Waiting(call, 1)
        rig.pump()
        #expect(tooMany.failure?.code == .resourceExhausted)
        waits[0].cancel()
        rig.pump()
        let fits = Waiting(call, 1)
        rig.pump()
        #expect(fits.isWaiting)
    }
}
