// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection under any sequence")
struct LifecyclePropertyTests {
    @Test("every waiter is resumed exactly once, the budget is kept, and nothing is left", arguments: 0..<16)
    func waiters(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rig = try ServerRig { $0.connectionSendBudgetBytes = 400_000 }
        rig.connect()
        rig.feed(.windowUpdate(200_000))
        var senders: [Sender] = []
        var nextID: Int32 = 1
        for _ in 0..<600 {
            step(rig, &senders, &nextID, &random)
            #expect(rig.connection.counts.heldBytes <= 400_000)
            #expect(rig.connection.session.flow.reservedBytes >= 0)
        }
        #expect(senders.allSatisfy { $0.resumes.dropLast().allSatisfy { $0 == 1 } })
        if Bool.random(using: &random) {
            rig.connection.connectionLost("the test is over", at: rig.now)
        } else {
            rig.socketIsOpen = true
            rig.connection.cutCalls(at: rig.now)
        }
        rig.pump()
        #expect(rig.peerUnderstood)
        #expect(rig.protocolErrors.isEmpty)
        #expect(senders.allSatisfy { $0.resumes.allSatisfy { $0 == 1 } })
        #expect(senders.allSatisfy { !$0.isWaiting })
        #expect(rig.holdsNothing)
        for call in rig.calls.values where call.handlerIsRunning { call.handlerReturned(Status(code: .ok)) }
        rig.pump()
        #expect(rig.connection.handlersRunning == 0)
        #expect(rig.holdsNothing)
    }

    private func step(
        _ rig: ServerRig, _ senders: inout [Sender], _ nextID: inout Int32, _ random: inout SeededGenerator
    ) {
        let id = Int32.random(in: 0..<max(1, nextID), using: &random) | 1
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1:
            let ends = Int.random(in: 0..<5, using: &random) > 0
            let path = Int.random(in: 0..<8, using: &random) == 0 ? "/test.Echo/None" : "/test.Echo/List"
            rig.feed(ServerRig.request(path, stream: nextID, ends: ends))
            nextID += 2
        case 2, 3:
            if let call = rig.calls[id] {
                let sender = Sender(
                    call, (0..<20).map { _ in [1, 100, 3_000, 30_000, 80_000][Int.random(in: 0..<5, using: &random)] })
                sender.redeemsAtOnce = Bool.random(using: &random)
                senders.append(sender)
                sender.run()
                rig.pump()
            }
        case 4: rig.feed(.initialWindow(Int.random(in: 0...120_000, using: &random)))
        case 5: rig.feed(.reset(id, code: 8), stream: id, opened: nextID)
        case 6:
            rig.socketIsOpen.toggle()
            rig.pump()
        case 7:
            if Int.random(in: 0..<3, using: &random) == 0, let call = rig.calls[id] {
                call.handlerReturned(Status(code: .ok))
                rig.pump()
            }
        case 8: senders.randomElement(using: &random)?.cancel()
        case 9...11:
            senders.randomElement(using: &random)?.redeem()
            rig.pump()
        case 12: rig.jump(by: .milliseconds(Int64.random(in: 1...20_000, using: &random)))
        case 13...15: rig.feed(.windowUpdate(Int.random(in: 1...60_000, using: &random)))
        default:
            rig.feed(.windowUpdate(Int.random(in: 1...60_000, using: &random), stream: id), stream: id, opened: nextID)
        }
    }
}

extension ServerRig {
    /// Sends a frame for a stream that is or was open; on an idle one it would be a connection error.
    fileprivate func feed(_ frame: RawFrame, stream: Int32, opened: Int32) {
        if stream < opened { feed(frame) }
    }
}
