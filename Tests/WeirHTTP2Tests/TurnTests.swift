// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("SendFlowController: turns")
struct TurnTests {
    /// A rig whose connection window was wide and is used up, so that shares are no question.
    private func rig() -> FlowRig {
        let rig = FlowRig()
        rig.flow.window.granted(1 << 20)
        let filler = rig.open(windowBytes: 1 << 22)
        #expect(rig.send(1 << 21, on: filler))
        while rig.sendFrame(filler) > 0 {}
        rig.end(filler)
        rig.flow.outputAccepted(remaining: 0)
        #expect(rig.windowBytes == 0)
        return rig
    }

    @Test("a message larger than the quantum is paid for with turns that are passed over")
    func debt() {
        let rig = rig()
        let large = rig.open(windowBytes: 1 << 20)
        let small = rig.open(windowBytes: 1 << 20)
        #expect(rig.wait(50_000, on: large).isEmpty)
        #expect(rig.wait(1_000, on: small).isEmpty)
        rig.flow.connectionGranted(51_000)
        #expect(rig.serve().granted == [3, 5])
        for stream in [large, small] {
            rig.redeem(stream)
            while rig.sendFrame(stream) > 0 {}
        }
        // Both wait again, the large one in front, and there is credit for it alone.
        #expect(rig.wait(50_000, on: large).isEmpty)
        #expect(rig.wait(20_000, on: small).isEmpty)
        #expect(rig.waitingForCredit == [3, 5])
        rig.flow.connectionGranted(50_000)
        #expect(rig.serve().granted == [5])
        #expect(rig.waitingForCredit == [3])
    }

    @Test("bytes in front that use what was set aside for those behind take the reservation with them")
    func reservationBehindParts() {
        let rig = FlowRig()
        let stream = rig.open(windowBytes: 1 << 20)
        #expect(rig.send(100_000, on: stream))
        while rig.sendFrame(stream) > 0 {}
        stream.isDeferred = false
        rig.flow.leaveQueues(stream)
        rig.flow.streamGranted(65_535, on: stream)
        rig.flow.connectionGranted(10_000)
        #expect(rig.send(5_000, on: stream))
        #expect(rig.reservedBytes == 5_000)
        #expect(rig.sendFrame(stream) == 10_000)
        #expect(rig.reservedBytes == 0)
        #expect(stream.sendsInParts)
    }

    @Test("a stream past its share does not keep one behind it that is within its own")
    func pastShareInFront() {
        let rig = FlowRig()
        let holder = rig.open(windowBytes: 1 << 20)
        let narrow = rig.open(windowBytes: 20_000)
        let third = rig.open(windowBytes: 1 << 20)
        #expect(rig.send(40_000, on: holder) && rig.send(10_000, on: narrow))
        for stream in [holder, narrow] { while rig.sendFrame(stream) > 0 {} }
        #expect(rig.wait(20_000, on: third).isEmpty)
        // While others wait, half of the smaller window is a share.
        #expect(rig.wait(1_000, on: holder).isEmpty && rig.wait(1_000, on: narrow).isEmpty)
        #expect(rig.waitingForCredit == [5])
        rig.end(third)
        #expect(rig.serve().granted == [3])
    }
}
