// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: several senders on one stream")
struct SeveralSendersTests {
    /// A stream whose first sender was granted room and has not used it yet.
    private func granted() throws -> (ServerRig, ServerCall, Sender) {
        let rig = try ServerRig()
        rig.connect([.initialWindow(0)])
        let call = try #require(rig.openList())
        let first = Sender(call, [100])
        first.redeemsAtOnce = false
        first.run()
        rig.pump()
        #expect(first.isWaiting)
        rig.feed(.windowUpdate(10_000, stream: 1))
        #expect(first.holdsGrant)
        return (rig, call, first)
    }

    @Test("a second sender that begins to wait leaves the first one's grant alone")
    func secondWaits() throws {
        let (rig, call, first) = try granted()
        let second = Sender(call, [200])
        second.run()
        rig.pump()
        #expect(second.isWaiting)
        first.redeem()
        rig.pump()
        #expect(first.written == [100])
        #expect(first.failure == nil)
        #expect(second.written == [200])
        #expect(rig.peer[1].messages.sizes == [100, 200])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.holdsNothing)
    }

    @Test("a second sender that gives up leaves the first one's grant alone")
    func secondGivesUp() throws {
        let (rig, call, first) = try granted()
        let second = Sender(call, [200])
        second.run()
        second.cancel()
        rig.pump()
        #expect(second.failure?.code == .cancelled)
        #expect(second.resumes == [1])
        first.redeem()
        rig.pump()
        #expect(first.written == [100])
        #expect(rig.peer[1].messages.sizes == [100])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.holdsNothing)
    }

    @Test("senders that wait go on in the order they came")
    func order() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(0)])
        let call = try #require(rig.openList())
        let senders = (1...5).map { Sender(call, [$0 * 10]) }
        for sender in senders { sender.run() }
        rig.pump()
        senders[2].cancel()
        rig.feed(.windowUpdate(10_000, stream: 1))
        #expect(rig.peer[1].messages.sizes == [10, 20, 40, 50])
        #expect(senders.allSatisfy { $0.resumes == [1] })
    }

    @Test("a grant that is not used before the call ends is given back, and its use throws")
    func endedInBetween() throws {
        let (rig, _, first) = try granted()
        rig.feed(.reset(1, code: 8))
        #expect(rig.holdsNothing)
        first.redeem()
        #expect(first.written.isEmpty)
        #expect(first.failure?.code == .cancelled)
        #expect(rig.holdsNothing)
    }

    @Test("when the handler returns, whoever still waits on its stream is told once and leaves nothing")
    func handlerReturns() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(0)])
        let call = try #require(rig.openList())
        call.sendHeaders()
        let senders = [Sender(call, [10]), Sender(call, [20])]
        for sender in senders { sender.run() }
        rig.pump()
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(senders.allSatisfy { $0.resumes == [1] && $0.failure != nil })
        #expect(rig.peer[1].status == "0")
        #expect(rig.holdsNothing)
    }
}
