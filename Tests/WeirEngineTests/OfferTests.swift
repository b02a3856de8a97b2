// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: messages offered without waiting")
struct OfferTests {
    private func rig(
        window: Int = 65_535, rest: Int? = nil, _ configure: (inout ServerConnectionConfiguration) -> Void = { _ in }
    ) throws -> (ServerRig, ServerCall) {
        let rig = try ServerRig(configure)
        rig.connect([.initialWindow(window)])
        let call = try #require(rig.openList())
        // A window that was once larger: a message above any window goes out in parts.
        if let rest { _ = rig.stream(call, [window - rest - 5]) }
        return (rig, call)
    }

    @Test("are taken up to the last byte of the window, and refused one past it", arguments: [(95, true), (96, false)])
    func window(size: Int, isSent: Bool) throws {
        let (rig, call) = try rig(window: 1_000, rest: 100)
        let refusal = call.trySend(size)
        rig.pump()
        #expect((refusal == nil) == isSent)
        if !isSent { #expect(refusal?.description == "stream_window") }
        #expect(rig.peer[1].messages.sizes == (isSent ? [895, 95] : [895]))
        #expect(rig.peer[1].messages.rest == 0)
    }

    @Test("are refused with the first reason that holds")
    func reasons() throws {
        let (rig, call) = try rig(window: 1 << 20) { $0.connectionSendBudgetBytes = 80_000 }
        #expect(call.trySend(90_000)?.description == "too_large")
        _ = rig.stream(call, [60_000])
        #expect(call.trySend(10_000)?.description == "connection_window")
        rig.feed(.windowUpdate(500_000))
        rig.socketIsOpen = false
        rig.connection.outputBuffered(0, isWritable: false, at: rig.now)
        #expect(call.trySend(60_000) == nil)
        #expect(call.trySend(10_000)?.description == "socket")
        let other = try #require(rig.openList(3))
        rig.connection.outputBuffered(rig.unsent.count, isWritable: true, at: rig.now)
        #expect(other.trySend(30_000)?.description == "budget")
        rig.socketIsOpen = true
        rig.pump()
        rig.connection.outputBuffered(0, isWritable: true, at: rig.now)
        #expect(call.trySend(40_000) == nil)
        #expect(call.trySend(30_000)?.description == "queue_full")
        rig.pump()
        rig.feed(.reset(1, code: 8))
        guard case .ended(let error) = call.trySend(1) else {
            Issue.record("an ended call took a message")
            return
        }
        #expect(error.code == .cancelled)
    }

    @Test("go behind nobody who waits, and nothing of a refused one is kept")
    func othersFirst() throws {
        let (rig, call) = try rig(window: 1_000, rest: 100)
        let waiting = Waiting(call, 500)
        rig.pump()
        #expect(call.trySend(10)?.description == "others_wait")
        rig.feed(.windowUpdate(1_000, stream: 1))
        #expect(waiting.wasGranted)
        #expect(rig.peer[1].messages.sizes == [895, 500])
        #expect(call.trySend(10) == nil)
        rig.pump()
        #expect(rig.peer[1].messages.sizes == [895, 500, 10])
    }

    @Test("a client that reads nothing stalls although nobody waits, and one that reads does not")
    func stalls() throws {
        let (rig, call) = try rig(window: 0)
        for _ in 0..<119 {
            #expect(call.trySend(100)?.description == "stream_window")
            rig.pump()
            rig.advance(by: .milliseconds(500))
        }
        #expect(rig.stalls.isEmpty)
        rig.advance(by: .milliseconds(500))
        #expect(rig.stalls.count == 1)
        #expect(rig.cancelled == [1])
        #expect(rig.holdsNothing)
    }

    @Test("a refused message is forgotten once there is room: a stream with nothing to send is never stalled")
    func forgotten() throws {
        let (rig, call) = try rig(window: 0)
        _ = call.trySend(100)
        rig.pump()
        rig.advance(by: .seconds(50))
        rig.feed(.windowUpdate(105, stream: 1))
        rig.advance(by: .seconds(3600))
        #expect(rig.stalls.isEmpty)
        #expect(rig.connection.counts.timers == 0)
        #expect(rig.connection.session.flow.reservedBytes == 0)
        #expect(call.trySend(100) == nil)
    }

    @Test("windows that cannot finish a message are used after the hold-back, as for one that waits")
    func holdBack() throws {
        let (rig, call) = try rig()
        #expect(call.trySend(60_000) == nil)
        rig.pump()
        rig.feed(.windowUpdate(100_000))
        var tries = 0
        while call.trySend(20_000) != nil, tries < 100 {
            rig.pump()
            rig.advance(by: .milliseconds(100))
            tries += 1
        }
        #expect(tries == 10)
        rig.pump()
        #expect(rig.peer[1].data.count == 65_535)
        rig.feed(.windowUpdate(20_000, stream: 1))
        #expect(rig.peer[1].messages.sizes == [60_000, 20_000])
    }

    @Test("streams that wait for the connection's window go first, and an offer passes when nobody does")
    func behindThoseWhoWait() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        let call = try #require(rig.openList(1))
        let sender = rig.stream(try #require(rig.openList(3)), [60_000, 40_000])
        #expect(call.trySend(1_000)?.description == "connection_window")
        rig.pump()
        rig.feed(.windowUpdate(30_000))
        #expect(sender.isWaiting)
        #expect(call.trySend(1_000)?.description == "connection_window")
        rig.pump()
        rig.feed(.windowUpdate(5_000))
        #expect(sender.sizes.isEmpty)
        #expect(call.trySend(500) == nil)
        rig.pump()
        #expect(rig.peer[1].messages.sizes == [500])
    }

    @Test("a refused message that nobody waits with does not save up credit that others could use")
    func savesNoCredit() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        let call = try #require(rig.openList(1))
        _ = rig.stream(call, [60_000])
        #expect(call.trySend(40_000)?.description == "connection_window")
        rig.pump()
        let sender = rig.stream(try #require(rig.openList(3)), [3_000, 3_000])
        rig.pump()
        #expect(rig.peer[3].messages.sizes == [3_000])
        rig.feed(.windowUpdate(3_000))
        #expect(sender.sizes.isEmpty)
        #expect(rig.peer[3].messages.sizes == [3_000, 3_000])
    }

    @Test("connection credit that came meanwhile keeps a stream with a refused message from being cut")
    func roomAtTheDeadline() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        let call = try #require(rig.openList(1))
        _ = rig.stream(call, [65_530])
        #expect(call.trySend(40_000)?.description == "connection_window")
        rig.pump()
        rig.feed(.windowUpdate(10_000))
        rig.advance(by: .seconds(30))
        rig.feed(.windowUpdate(100_000))
        rig.advance(by: .seconds(100))
        #expect(rig.stalls.isEmpty)
        #expect(call.trySend(40_000) == nil)
    }

    @Test("asking for room changes nothing, and says what an offer would get", arguments: [95, 96])
    func hasRoom(size: Int) throws {
        let (rig, call) = try rig(window: 1_000, rest: 100)
        for _ in 0..<3 { #expect(try call.hasRoom(size) == (size == 95)) }
        #expect(rig.connection.counts.heldBytes == 0)
        #expect(rig.connection.session.flow.reservedBytes == 0)
        #expect((call.trySend(size) == nil) == (size == 95))
    }

    @Test("somebody who only wants to know of room takes none from those behind")
    func opening() throws {
        let (rig, call) = try rig(window: 1_000, rest: 0)
        let opening = Waiting(call, 100, claimsRoom: false)
        let sender = Waiting(call, 100)
        rig.pump()
        rig.feed(.windowUpdate(104, stream: 1))
        #expect(opening.isWaiting && sender.isWaiting)
        rig.feed(.windowUpdate(1, stream: 1))
        #expect(opening.wasGranted)
        #expect(sender.wasGranted)
        #expect(rig.peer[1].messages.sizes == [995, 100])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.holdsNothing)
    }
}
