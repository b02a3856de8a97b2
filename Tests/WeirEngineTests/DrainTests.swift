// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: drain")
struct DrainTests {
    private func lastStreams(_ rig: ServerRig) -> [UInt32] {
        rig.peer.frames.filter { $0.kind == .goAway }.map(\.number)
    }

    @Test("GOAWAY goes out twice around a PING, the running call finishes, then the connection closes")
    func graceful() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        rig.connection.beginDrain(at: rig.now)
        rig.pump()
        #expect(lastStreams(rig) == [0x7FFF_FFFF])
        let ping = try #require(rig.peer.frames.last { $0.kind == .ping })
        // A request that was on its way still arrives.
        let late = try #require(rig.openList(3))
        rig.feed(.ping(ping.payload, acknowledge: true))
        #expect(lastStreams(rig) == [0x7FFF_FFFF, 3])
        #expect(rig.closed == 0)
        #expect(rig.stream(call, [10]).written == [10])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.peer[1].status == "0")
        #expect(rig.closed == 0)
        late.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.peer[3].status == "0")
        #expect(rig.closed == 1)
        #expect(rig.holdsNothing)
    }

    @Test("a peer that does not answer the PING gets the last GOAWAY after 5 seconds, not before")
    func noAnswer() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        rig.connection.beginDrain(at: rig.now)
        rig.pump()
        rig.advance(to: MonotonicInstant(nanoseconds: 4_999_999_999))
        #expect(lastStreams(rig).count == 1)
        rig.advance(by: .nanoseconds(1))
        #expect(lastStreams(rig) == [0x7FFF_FFFF, 1])
        rig.feed(ServerRig.request("/test.Echo/List", stream: 3))
        #expect(rig.calls[3] == nil)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.closed == 1)
    }

    @Test("draining a connection without calls closes it once, however often it is asked")
    func idle() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.connection.beginDrain(at: rig.now)
        rig.connection.beginDrain(at: rig.now)
        rig.pump()
        rig.advance(by: .seconds(5))
        rig.connection.beginDrain(at: rig.now)
        rig.pump()
        #expect(lastStreams(rig).count == 2)
        #expect(rig.closed == 1)
    }

    @Test("when the grace is over, calls end with UNAVAILABLE through closed windows")
    func cut() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [100_000, 1])
        rig.feed(ServerRig.request("/test.Echo/List", stream: 3, ends: false))
        rig.connection.beginDrain(at: rig.now)
        rig.connection.cutCalls(at: rig.now)
        rig.pump()
        #expect(rig.peer[1].status == "14")
        #expect(rig.peer[3].status == "14")
        #expect(rig.peer[3].order == "HR")
        #expect(sender.failure?.code == .unavailable)
        #expect(sender.resumes == [1])
        #expect(rig.cancelled == [1])
        #expect(rig.closed == 1)
        #expect(rig.holdsNothing)
    }
}
