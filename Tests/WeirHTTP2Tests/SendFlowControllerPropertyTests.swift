// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirHTTP2

@Suite("SendFlowController under any sequence")
struct SendFlowControllerPropertyTests {
    @Test("reservations and budget agree at every step, and are back to zero at the end", arguments: 0..<30)
    func conserved(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let rig = FlowRig(budgetBytes: 150_000)
        var streams = (0..<6).map { _ in rig.open(windowBytes: Int.random(in: 0...100_000, using: &random)) }
        for _ in 0..<1500 {
            let index = Int.random(in: 0..<streams.count, using: &random)
            step(rig, streams[index], &random)
            if Int.random(in: 0..<200, using: &random) == 0 {
                rig.end(streams[index])
                streams[index] = rig.open()
            }
            check(rig)
        }
        for stream in streams { rig.end(stream) }
        rig.flow.outputAccepted(remaining: 0)
        #expect(rig.reservedBytes == 0)
        #expect(rig.budgetBytes == 0)
        #expect(rig.process.takenBytes == 0)
        #expect(rig.waitingForCredit.isEmpty)
        #expect(rig.waitingForBudget.isEmpty)
    }

    private func step(_ rig: FlowRig, _ stream: HTTP2Stream, _ random: inout SeededGenerator) {
        let sizes = [1, 5, 100, 3_000, 20_000, 70_000, 120_000]
        var openings: [SendFlowController.Opening] = []
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1:
            if stream.waitingBytes == 0 {
                _ = rig.send(sizes[Int.random(in: 0..<sizes.count, using: &random)], on: stream)
            }
        case 2:
            if stream.waitingBytes == 0 {
                openings = rig.wait(sizes[Int.random(in: 0..<sizes.count, using: &random)], on: stream)
            }
        case 3:
            rig.redeem(stream)
            openings = rig.reconsider(stream)
        case 4:
            rig.flow.abandonWaiting(on: stream)
            rig.flow.leaveQueues(stream)
        case 5:
            let delta = Int.random(in: -20_000...20_000, using: &random)
            stream.window.initialSizeChanged(by: delta)
            if delta < 0 { rig.flow.windowShrank(on: stream) }
            openings = rig.reconsider(stream)
        case 6:
            rig.flow.window.granted(Int.random(in: 1...30_000, using: &random))
            openings = rig.serve()
        case 7:
            stream.window.granted(Int.random(in: 1...30_000, using: &random))
            openings = rig.reconsider(stream)
        case 8:
            rig.flow.outputAccepted(remaining: Int.random(in: 0...rig.outputBytes, using: &random))
            openings = rig.serve()
        case 9:
            stream.holdBackIsOver = stream.waitingBytes > 0
            openings = rig.reconsider(stream)
        default:
            while rig.sendFrame(stream, frameLimit: Int.random(in: 1...16_384, using: &random)) > 0 {}
            openings = rig.reconsider(stream)
        }
        for case .granted(let granted) in openings where Bool.random(using: &random) { rig.redeem(granted) }
    }

    private func check(_ rig: FlowRig) {
        let reserved = rig.streams.reduce(0) { $0 + $1.reservedBytes }
        let held = rig.streams.reduce(0) { $0 + $1.queue.byteCount + ($1.isGranted ? $1.waitingBytes : 0) }
        #expect(rig.reservedBytes == reserved)
        #expect(rig.streams.allSatisfy { $0.reservedBytes >= 0 })
        #expect(rig.reservedBytes <= rig.windowBytes)
        #expect(rig.budgetBytes == held + rig.outputBytes)
        #expect(rig.budgetBytes <= 150_000)
        #expect(rig.streams.allSatisfy { $0.queue.byteCount <= 120_000 })
    }
}
