// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: clients that go away or reset while a stream is blocked")
struct GoingAwayTests {
    private let goAway = RawFrame(kind: .goAway, payload: [0, 0, 0, 0, 0, 0, 0, 0])

    private func blocked() throws -> (rig: ServerRig, call: ServerCall, sender: Sender) {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1_005)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [1_000, 1_000])
        #expect(sender.isWaiting)
        return (rig, call, sender)
    }

    @Test("after the client's GOAWAY a blocked stream goes on to its end, and then the connection closes")
    func goAwayThenReads() throws {
        let (rig, call, sender) = try blocked()
        rig.feed(goAway)
        #expect(rig.closed == 0)
        #expect(sender.isWaiting)
        rig.advance(by: .seconds(30))
        rig.feed(.windowUpdate(1_005, stream: 1))
        #expect(sender.written == [1_000, 1_000])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.peer[1].messages.sizes == [1_000, 1_000])
        #expect(rig.peer[1].status == "0")
        #expect(rig.closed == 1)
        #expect(rig.holdsNothing)
    }

    @Test("after the client's GOAWAY a stream that stays blocked stalls as any other, and then the connection closes")
    func goAwayThenStalls() throws {
        let (rig, call, sender) = try blocked()
        rig.advance(by: .seconds(10))
        rig.feed(goAway)
        rig.advance(by: .seconds(50) - .nanoseconds(1))
        #expect(sender.isWaiting)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalls.count == 1)
        #expect(rig.closed == 1)
        #expect(sender.failure?.code == .resourceExhausted)
        #expect(rig.holdsNothing)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.connection.handlersRunning == 0)
    }

    @Test("after the client's GOAWAY a connection without streams closes at once")
    func goAwayIdle() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(goAway)
        #expect(rig.closed == 1)
    }

    @Test("a client that ended its side and is never heard of again ends at the stall deadline")
    func disappears() throws {
        let (rig, _, sender) = try blocked()
        rig.advance(by: .seconds(60))
        #expect(rig.stalls.count == 1)
        #expect(sender.resumes == [1])
        #expect(rig.cancelled == [1])
        #expect(rig.holdsNothing)
        #expect(rig.connection.nextDeadline == nil)
    }

    @Test("RST_STREAM while a stream is blocked frees everything at once")
    func resetWhileBlocked() throws {
        let (rig, call, sender) = try blocked()
        rig.feed(.reset(1, code: 8))
        #expect(rig.holdsNothing)
        #expect(rig.cancelled == [1])
        #expect(sender.failure != nil)
        #expect(sender.resumes == [1])
        #expect(rig.connection.nextDeadline == nil)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.connection.handlersRunning == 0)
        #expect(rig.holdsNothing)
    }

    @Test("a storm of resets ends the connection with ENHANCE_YOUR_CALM, whatever is in flight")
    func resetStorm() throws {
        let rig = try ServerRig()
        rig.connect()
        var id: Int32 = 1
        for _ in 0..<1_000 where rig.closed == 0 {
            rig.feed(
                ServerRig.request("/test.Echo/List", stream: id) + RawFrame.reset(id, code: 8).bytes)
            id += 2
        }
        #expect(rig.closed == 1)
        #expect(rig.goAways.map(\.code) == [.enhanceYourCalm])
        #expect(rig.holdsNothing)
    }
}
