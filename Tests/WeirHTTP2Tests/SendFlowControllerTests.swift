// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("SendFlowController")
struct SendFlowControllerTests {
    @Test(
        "a message goes whole up to the window's last byte, and waits one past it",
        arguments: [(65_535, SendFlowController.Verdict.whole), (65_536, .inParts)])
    func wholeAtTheLimit(count: Int, verdict: SendFlowController.Verdict) {
        let rig = FlowRig()
        #expect(rig.verdict(count, on: rig.open()) == verdict)
    }

    @Test(
        "a message that the open part of the window cannot finish is not started",
        arguments: [(35_535, true), (35_536, false)])
    func holdsBack(count: Int, isAdmitted: Bool) {
        let rig = FlowRig()
        let stream = rig.open()
        #expect(rig.send(30_000, on: stream))
        while rig.sendFrame(stream) > 0 {}
        #expect(rig.send(count, on: stream) == isAdmitted)
        if !isAdmitted {
            #expect(rig.verdict(count, on: stream) == .blocked(.connectionWindow))
            rig.flow.window.granted(1)
            #expect(rig.verdict(count, on: stream) == .blocked(.streamWindow))
        }
    }

    @Test("after the hold-back is over, the rest of the window is used")
    func holdBackOver() {
        let rig = FlowRig()
        let stream = rig.open()
        #expect(rig.send(35_000, on: stream))
        while rig.sendFrame(stream) > 0 {}
        #expect(rig.wait(40_000, on: stream).isEmpty)
        #expect(stream.holdBackUntil == MonotonicInstant(nanoseconds: 1_000_000_000))
        rig.flow.endHoldBack(of: stream, at: MonotonicInstant(nanoseconds: 0))
        #expect(rig.reconsider(stream).granted == [1])
        #expect(stream.grantIsInParts)
        rig.redeem(stream)
        #expect(stream.sendsInParts)
        var sent = 0
        while true {
            let count = rig.sendFrame(stream)
            if count == 0 { break }
            sent += count
        }
        #expect(sent == 30_535)
    }

    @Test("nothing is held back while at least half of the window is open: no peer need return credit then")
    func halfOpen() {
        let rig = FlowRig()
        let stream = rig.open()
        stream.window.granted(1)
        rig.flow.window.granted(1)
        #expect(rig.send(30_000, on: stream))
        while rig.sendFrame(stream) > 0 {}
        #expect(rig.wait(40_000, on: stream).isEmpty)
        #expect(stream.holdBackUntil == MonotonicInstant(nanoseconds: 0))
        rig.flow.endHoldBack(of: stream, at: MonotonicInstant(nanoseconds: 0))
        #expect(rig.reconsider(stream).granted == [1])
        #expect(stream.grantIsInParts)
        // Nobody stood still, so nothing is taken for gone.
        let stuckBytes = rig.flow.share.stuckBytes
        #expect(stuckBytes == 0)
    }

    @Test("a window that was widened for one message is held back for once, and not taken for wide again")
    func widenedOnce() {
        let rig = FlowRig()
        let stream = rig.open()
        stream.window.granted(1)
        rig.flow.window.granted(1)
        stream.window.granted(1_000_000)
        rig.flow.window.granted(1_000_000)
        while rig.send(20_000, on: stream) {
            while rig.sendFrame(stream) > 0 {}
        }
        let rest = rig.flow.window.bytes
        #expect(stream.window.refillsEarly && rig.flow.window.refillsEarly)
        #expect(rig.wait(20_000, on: stream).isEmpty)
        #expect(stream.holdBackUntil == MonotonicInstant(nanoseconds: 1_000_000_000))
        rig.flow.endHoldBack(of: stream, at: MonotonicInstant(nanoseconds: 0))
        #expect(rest < 600_000)
        #expect(rig.flow.window.largestBytes == rest)
        #expect(stream.window.largestBytes == rest)
    }

    @Test("a peer that refills early is held back for without a time limit")
    func refillsEarly() {
        let rig = FlowRig()
        let stream = rig.open()
        stream.window.granted(1)
        rig.flow.window.granted(1)
        #expect(rig.send(35_000, on: stream))
        while rig.sendFrame(stream) > 0 {}
        #expect(rig.wait(40_000, on: stream).isEmpty)
        #expect(stream.holdBackUntil == nil)
    }

    @Test("the stream's queue is full past the high watermark, and open again at the low one")
    func watermarks() {
        let rig = FlowRig()
        let stream = rig.open(windowBytes: 1 << 20)
        rig.flow.window.granted(1 << 20)
        #expect(rig.send(60_000, on: stream))
        #expect(rig.verdict(5_536, on: stream) == .whole)
        #expect(rig.verdict(5_537, on: stream) == .queueIsFull)
        #expect(rig.blockedCause(of: stream) == nil)
        #expect(rig.wait(10_000, on: stream).isEmpty)
        _ = rig.sendFrame(stream, frameLimit: 60_000 - 32_769)
        #expect(rig.reconsider(stream).isEmpty)
        _ = rig.sendFrame(stream, frameLimit: 1)
        #expect(rig.reconsider(stream).granted == [1])
    }

    @Test("credit that was set aside is not given away again")
    func reservation() {
        let rig = FlowRig()
        let first = rig.open()
        let second = rig.open()
        #expect(rig.send(40_000, on: first))
        #expect(rig.reservedBytes == 40_000)
        #expect(!rig.send(25_536, on: second))
        #expect(rig.send(25_535, on: second))
        #expect(rig.reservedBytes == 65_535)
        while rig.sendFrame(first) > 0 {}
        #expect(rig.reservedBytes == 25_535)
    }

    @Test("a message in parts never takes credit that was set aside for another")
    func partsLeaveReservations() {
        let rig = FlowRig()
        let large = rig.open(windowBytes: 1 << 20)
        let small = rig.open()
        #expect(rig.send(100_000, on: large))
        #expect(large.sendsInParts)
        #expect(rig.send(20_000, on: small))
        var sent = 0
        while true {
            let count = rig.sendFrame(large)
            if count == 0 { break }
            sent += count
        }
        #expect(sent == 45_535)
        #expect(rig.waitingForCredit == [1])
        #expect(rig.blockedCause(of: large) == .connectionWindow)
        while rig.sendFrame(small) > 0 {}
        #expect(rig.windowBytes == 0)
        rig.flow.window.granted(10)
        #expect(rig.serve().resumed == [1])
        #expect(rig.waitingForCredit.isEmpty)
    }

    @Test("those who wait for connection credit are served in order, and the first one saves up")
    func creditQueueOrder() {
        let rig = FlowRig()
        let streams = (0..<4).map { _ in rig.open(windowBytes: 1 << 20) }
        #expect(rig.send(65_535, on: streams[0]))
        while rig.sendFrame(streams[0]) > 0 {}
        #expect(rig.wait(30_000, on: streams[1]).isEmpty)
        #expect(rig.wait(100, on: streams[2]).isEmpty)
        #expect(rig.wait(100, on: streams[3]).isEmpty)
        #expect(rig.waitingForCredit == [3, 5, 7])
        rig.flow.window.granted(29_999)
        #expect(rig.serve().isEmpty)
        #expect(!rig.send(100, on: streams[0]))
        rig.flow.window.granted(101)
        #expect(rig.serve().granted == [3, 5])
        #expect(rig.waitingForCredit == [7])
        #expect(rig.reservedBytes == 30_100)
    }

    @Test("a granted stream may queue the rest of its quantum while others wait, and not one byte more")
    func quantum() {
        let rig = FlowRig()
        let first = rig.open(windowBytes: 1 << 20)
        let second = rig.open(windowBytes: 1 << 20)
        #expect(rig.send(65_535, on: first))
        while rig.sendFrame(first) > 0 {}
        #expect(rig.wait(4_000, on: first).isEmpty)
        #expect(rig.wait(50_000, on: second).isEmpty)
        rig.flow.streamGranted(65_535, on: first)
        rig.flow.connectionGranted(40_000)
        #expect(rig.serve().granted == [1])
        rig.redeem(first)
        #expect(rig.send(12_000, on: first))
        #expect(!rig.send(385, on: first))
        #expect(rig.send(384, on: first))
        #expect(!rig.send(1, on: first))
    }

    @Test("a sender that gives up gives back what was set aside", arguments: [1_000, 100_000])
    func abandon(count: Int) {
        let rig = FlowRig()
        let stream = rig.open()
        rig.flow.startWaiting(count, on: stream)
        #expect(rig.reconsider(stream).granted == [1])
        #expect(rig.budgetBytes == count)
        rig.flow.abandonWaiting(on: stream)
        #expect(rig.budgetBytes == 0)
        #expect(rig.reservedBytes == 0)
        #expect(!stream.sendsInParts)
        #expect(stream.waitingBytes == 0)
    }

    @Test("a budget that is used up makes senders wait in order, and bytes the kernel took free it")
    func budget() {
        let rig = FlowRig(budgetBytes: 10_000)
        let first = rig.open()
        let second = rig.open()
        #expect(rig.send(10_000, on: first))
        #expect(!rig.send(1, on: second))
        #expect(rig.wait(1, on: second).isEmpty)
        #expect(rig.waitingForBudget == [3])
        #expect(rig.blockedCause(of: second) == .budget)
        rig.flow.socketIsWritable = false
        #expect(rig.blockedCause(of: second) == .socket)
        rig.flow.socketIsWritable = true
        while rig.sendFrame(first) > 0 {}
        #expect(rig.outputBytes == 10_000)
        #expect(rig.serve().isEmpty)
        rig.flow.outputAccepted(remaining: 9_999)
        #expect(rig.serve().granted == [3])
        #expect(rig.waitingForBudget.isEmpty)
        #expect(rig.budgetBytes == 10_000)
    }

    @Test("between the watermarks a sender waits for its own queue, not for a budget or for credit")
    func betweenWatermarks() {
        let rig = FlowRig()
        let stream = rig.open(windowBytes: 1 << 20)
        rig.flow.window.granted(1 << 20)
        #expect(rig.send(60_000, on: stream))
        #expect(rig.wait(10_000, on: stream).isEmpty)
        _ = rig.sendFrame(stream)
        #expect(stream.queue.byteCount == 60_000 - 16_384)
        #expect(rig.reconsider(stream).isEmpty)
        #expect(rig.serve().isEmpty)
        #expect(rig.waitingForBudget.isEmpty)
        #expect(rig.waitingForCredit.isEmpty)
        #expect(rig.blockedCause(of: stream) == nil)
    }

    @Test("whoever waits for a budget goes on when it is free, or waits for credit if that is gone by then")
    func partsWaitForBudget() {
        let rig = FlowRig(budgetBytes: 100_000)
        let first = rig.open()
        let second = rig.open(windowBytes: 1 << 20)
        let third = rig.open(windowBytes: 1 << 20)
        #expect(rig.send(65_535, on: first))
        while rig.sendFrame(first) > 0 {}
        #expect(rig.wait(90_000, on: second).isEmpty)
        #expect(rig.wait(90_000, on: third).isEmpty)
        second.holdBackIsOver = true
        #expect(rig.reconsider(second).isEmpty)
        rig.flow.window.granted(10_000)
        #expect(rig.serve().isEmpty)
        rig.flow.outputAccepted(remaining: 0)
        #expect(rig.serve().granted == [3])
        rig.redeem(second)
        while rig.sendFrame(second) > 0 {}
        rig.flow.window.granted(100_000)
        _ = rig.serve()
        while rig.sendFrame(second) > 0 {}
        rig.flow.outputAccepted(remaining: 0)
        // By now the connection's window is too small for it, so that is what it waits for next.
        #expect(rig.serve().isEmpty)
        #expect(rig.waitingForBudget.isEmpty)
        #expect(rig.waitingForCredit == [5])
        rig.flow.window.granted(70_000)
        #expect(rig.serve().granted == [5])
    }

    @Test("of several causes the first in order is named: socket, budget, connection window, stream window")
    func causeOrder() {
        let rig = FlowRig(budgetBytes: 70_000)
        let stream = rig.open()
        #expect(rig.send(65_535, on: stream))
        while rig.sendFrame(stream) > 0 {}
        #expect(rig.wait(1, on: stream).isEmpty)
        #expect(rig.blockedCause(of: stream) == .connectionWindow)
        rig.flow.window.granted(10)
        #expect(rig.blockedCause(of: stream) == .streamWindow)
        rig.flow.socketIsWritable = false
        #expect(rig.blockedCause(of: stream) == .socket)
    }

    @Test("a window made smaller by SETTINGS frees the credit that queued bytes can no longer use")
    func shrunkWindow() {
        let rig = FlowRig()
        let stream = rig.open()
        #expect(rig.send(20_000, on: stream))
        stream.window.initialSizeChanged(by: -50_000)
        rig.flow.windowShrank(on: stream)
        #expect(rig.reservedBytes == 0)
        #expect(stream.sendsInParts)
        #expect(rig.sendFrame(stream) == 15_535)
    }

    @Test("a message whose room was set aside before its window shrank waits for credit like any in parts")
    func shrunkUnderGrant() {
        let rig = FlowRig()
        let stream = rig.open()
        #expect(rig.wait(20_000, on: stream).granted == [1])
        stream.window.initialSizeChanged(by: -50_000)
        rig.flow.windowShrank(on: stream)
        #expect(rig.send(65_535, on: rig.open()))
        rig.redeem(stream)
        #expect(rig.sendFrame(stream) == 0)
        #expect(rig.blockedCause(of: stream) == .connectionWindow)
    }
}
