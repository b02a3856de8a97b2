// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: a lost connection")
struct LostConnectionTests {
    enum Stage: CaseIterable {
        case connected, requestOpen, rejectedOpen, handlerIdle, senderWaiting, grantUnused, messageInParts, tail
        case socketClosed, deadlineSet, budgetUsedUp, draining
    }

    @Test("leaves nothing, whatever state it was in", arguments: Stage.allCases)
    func everyState(stage: Stage) throws {
        let rig = try ServerRig { if stage == .budgetUsedUp { $0.connectionSendBudgetBytes = 30_000 } }
        rig.connect()
        let senders = try reach(stage, rig)
        rig.connection.connectionLost("the test took the wire away", at: rig.now)
        rig.connection.connectionLost("twice", at: rig.now)
        rig.pump()
        for sender in senders {
            sender.redeem()
            sender.run()
            #expect(sender.resumes.allSatisfy { $0 == 1 })
            #expect(sender.sizes.isEmpty || sender.failure?.code == .unavailable)
        }
        #expect(rig.connection.counts.streams == 0)
        #expect(rig.holdsNothing)
        #expect(rig.connection.nextDeadline == nil)
        let running = rig.calls.values.filter(\.handlerIsRunning)
        #expect(rig.cancelled.count == running.count)
        for call in running { call.handlerReturned(Status(code: .ok)) }
        rig.pump()
        #expect(rig.connection.handlersRunning == 0)
        #expect(rig.holdsNothing)
    }

    private func reach(_ stage: Stage, _ rig: ServerRig) throws -> [Sender] {
        switch stage {
        case .connected: return []
        case .requestOpen: rig.feed(ServerRig.request("/test.Echo/List", stream: 1, ends: false))
        case .rejectedOpen:
            rig.socketIsOpen = false
            rig.feed(ServerRig.request("/test.Echo/None", stream: 1, ends: false))
        case .handlerIdle: _ = rig.openList()
        case .deadlineSet: _ = rig.openList(extra: [("grpc-timeout", "1H")])
        case .draining:
            _ = rig.openList()
            rig.connection.beginDrain(at: rig.now)
            rig.pump()
        case .senderWaiting: return [rig.stream(try #require(rig.openList()), [60_000, 60_000])]
        case .messageInParts: return [rig.stream(try #require(rig.openList()), [100_000, 5])]
        case .socketClosed, .budgetUsedUp:
            let call = try #require(rig.openList())
            rig.socketIsOpen = false
            return [rig.stream(call, [20_000, 20_000, 20_000, 20_000])]
        case .grantUnused:
            let call = try #require(rig.openList())
            let sender = Sender(call, [60_000, 10_000])
            sender.redeemsAtOnce = false
            sender.run()
            rig.pump()
            rig.feed(.windowUpdate(60_000), .windowUpdate(60_000, stream: 1))
            #expect(sender.holdsGrant)
            return [sender]
        case .tail:
            let call = try #require(rig.openList())
            let sender = rig.stream(call, [100_000])
            call.handlerReturned(Status(code: .ok))
            rig.pump()
            return [sender]
        }
        return []
    }
}
