// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("A socket that takes nothing")
struct StuckSocketTests {
    @Test("no stream queues a second message, however far its windows are open")
    func oneMessageEach() {
        let rig = FlowRig()
        let streams = [rig.open(), rig.open()]
        rig.flow.socketIsWritable = false
        for stream in streams {
            #expect(rig.send(1000, on: stream))
            #expect(!rig.send(1000, on: stream))
            #expect(rig.verdict(1000, on: stream) == .blocked(.socket))
            #expect(stream.queue.byteCount == 1000)
        }
        #expect(rig.flow.budget.heldBytes == 2000)
    }

    @Test("the waiting sender is granted room when the socket takes bytes again, and waits for nothing else meanwhile")
    func goesOn() {
        let rig = FlowRig()
        let stream = rig.open()
        rig.flow.socketIsWritable = false
        #expect(rig.send(1000, on: stream))
        #expect(rig.wait(1000, on: stream).isEmpty)
        #expect(!stream.awaitsConnectionCredit && !stream.awaitsBudget && stream.holdBackUntil == nil)
        #expect(rig.flow.blockedCause(of: stream) == .socket)

        rig.flow.socketIsWritable = true
        let openings = rig.reconsider(stream)
        #expect(openings.count == 1 && stream.isGranted)
        rig.redeem(stream)
        #expect(stream.queue.byteCount == 2000)
    }
}
