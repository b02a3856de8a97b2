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

    @Test("bytes in front leave what is kept for another's turn, and take their own reservation")
    func reservationBesideTurn() {
        let rig = rig()
        let first = rig.open(windowBytes: 1 << 20)
        let second = rig.open(windowBytes: 1 << 20)
        rig.flow.connectionGranted(10)
        for (stream, count) in [(first, 30_000), (second, 20_000)] {
            stream.holdBackIsOver = true
            #expect(rig.send(count, on: stream))
            #expect(stream.sendsInParts)
        }
        #expect(rig.sendFrame(first) == 10)
        first.isDeferred = true
        rig.flow.awaitConnectionCredit(first)
        rig.flow.connectionGranted(10_000)
        #expect(rig.serve().resumed == [3])
        rig.flow.connectionGranted(4_000)
        #expect(rig.send(4_000, on: second))
        #expect(rig.reservedBytes == 4_000)
        #expect(rig.sendFrame(second) == 4_000)
        #expect(rig.reservedBytes == 0)
        #expect(rig.sendFrame(first) == 10_000)
        #expect(rig.windowBytes == 0)
    }

    @Test("DATA in parts that the window's end interrupts goes on first in line")
    func interruptedParts() {
        let rig = rig()
        let first = rig.open(windowBytes: 1 << 20)
        let second = rig.open(windowBytes: 1 << 20)
        rig.flow.connectionGranted(10_000)
        #expect(rig.wait(30_000, on: first).isEmpty)
        #expect(rig.wait(20_000, on: second).isEmpty)
        first.holdBackIsOver = true
        #expect(rig.serve().granted == [3])
        rig.redeem(first)
        while rig.sendFrame(first) > 0 {}
        // Not put off by the library's own asking: it was in the middle of its turn when the window closed.
        #expect(!first.isDeferred)
        #expect(rig.waitingForCredit == [3, 5])
        rig.flow.connectionGranted(20_000)
        #expect(rig.serve().resumed == [3])
        // The rest of its turn, not a new one.
        #expect(first.turnCreditBytes == 16_384 - 10_000)
        #expect(rig.waitingForCredit == [5])
    }

    @Test("nothing is saved up for a stream past its share that came while nobody else waited")
    func pastShareSavesNothing() {
        let rig = FlowRig()
        let holder = rig.open(windowBytes: 1 << 20)
        let other = rig.open(windowBytes: 1 << 20)
        #expect(rig.send(40_000, on: holder))
        while rig.sendFrame(holder) > 0 {}
        #expect(rig.wait(30_000, on: holder).isEmpty)
        #expect(rig.waitingForCredit == [1])
        #expect(rig.wait(20_000, on: other).isEmpty)
        #expect(rig.serve().granted == [3])
        #expect(holder.yieldsConnectionCredit)
        #expect(rig.waitingForCredit.isEmpty)
    }

    @Test("a hold-back counts only if the peer granted nothing meanwhile; then what is out is taken for gone")
    func holdBackBesideGrants() {
        let rig = FlowRig()
        let holder = rig.open(windowBytes: 1 << 20)
        let second = rig.open(windowBytes: 1 << 20)
        let third = rig.open(windowBytes: 1 << 20)
        #expect(rig.send(40_000, on: holder))
        while rig.sendFrame(holder) > 0 {}
        #expect(rig.wait(30_000, on: second).isEmpty)
        rig.flow.connectionGranted(1)
        rig.now = MonotonicInstant(nanoseconds: 1_000_000_000)
        rig.flow.endHoldBack(of: second, at: rig.now)
        #expect(rig.reconsider(second).isEmpty)
        #expect(second.holdBackUntil == MonotonicInstant(nanoseconds: 2_000_000_000))
        #expect(rig.verdict(26_000, on: third) == .blocked(.connectionWindow))
        rig.flow.endHoldBack(of: second, at: rig.now)
        #expect(rig.serve().granted == [3])
        #expect(second.grantIsInParts)
        #expect(rig.verdict(25_537, on: third) == .inParts)
        #expect(rig.verdict(25_536, on: third) == .whole)
        // When less is out, not as much is gone.
        rig.flow.connectionGranted(100)
        #expect(rig.verdict(25_637, on: third) == .inParts)
        rig.flow.connectionGranted(30_000)
        #expect(rig.verdict(56_000, on: third) == .inParts)
    }
}
