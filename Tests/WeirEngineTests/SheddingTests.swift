// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("Shedding under memory pressure")
struct SheddingTests {
    /// Streams whose windows are open and whose socket takes nothing, so that they fill the connection's budget.
    private func pressed(streams: Int = 40, budget: Int = 200_000) throws -> (ServerRig, [Sender]) {
        let rig = try ServerRig {
            $0.connectionSendBudgetBytes = budget
            $0.flow.stallDeadline = .seconds(60)
        }
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        var senders: [Sender] = []
        let calls = try (0..<streams).map { try #require(rig.openList(Int32(2 * $0 + 1))) }
        rig.socketIsOpen = false
        for call in calls { senders.append(rig.stream(call, [Int](repeating: 9_995, count: 100))) }
        #expect(rig.connection.counts.heldBytes <= budget)
        #expect(rig.connection.session.flow.budget.pressureSince != nil)
        return (rig, senders)
    }

    @Test("nothing is shed before pressure has lasted, then enough to fall an eighth below the cap")
    func lasting() throws {
        let (rig, _) = try pressed()
        rig.advance(by: .seconds(1) - .nanoseconds(1))
        #expect(rig.stalls.isEmpty)
        rig.advance(by: .nanoseconds(1))
        #expect(!rig.stalls.isEmpty)
        #expect(rig.stalls.allSatisfy { $0.reason == .shed && $0.cause == .socket })
        #expect(rig.stalls.count < 20)
        #expect(rig.maximumHeldBytes <= 200_000)
        rig.socketIsOpen = true
        rig.pump()
        let statuses = (0..<40).map { rig.peer[Int32(2 * $0 + 1)].status }
        #expect(statuses.filter { $0 == "8" }.count == rig.stalls.count)
        #expect(rig.peer[1].message?.contains("free memory") != false)
    }

    @Test("streams that move are never shed, however full the budget")
    func moving() throws {
        let (rig, senders) = try pressed()
        for _ in 0..<100 {
            rig.advance(by: .milliseconds(900))
            // The kernel takes a little, and then no more.
            rig.acceptOutput(1_000)
        }
        #expect(rig.stalls.isEmpty)
        #expect(senders.allSatisfy { $0.failure == nil })
    }

    @Test("of several connections the one that holds the most for the longest goes first")
    func worstFirst() throws {
        let process = ProcessSendBudget(limitBytes: 600_000)
        let pressure = SendPressure(budget: process, delay: .seconds(1))
        var rigs: [ServerRig] = []
        for index in 0..<3 {
            let rig = try ServerRig(process: process)
            rig.now = MonotonicInstant(nanoseconds: 0)
            rig.connect([.initialWindow(1 << 24)])
            rig.feed(.windowUpdate(1 << 24))
            let call = try #require(rig.openList())
            rig.socketIsOpen = false
            // The later ones hold less.
            _ = rig.stream(call, [Int](repeating: 9_995, count: 8 - 3 * index))
            rigs.append(rig)
        }
        // A fourth fills what is left and is refused.
        let last = try ServerRig(process: process)
        last.connect([.initialWindow(1 << 24)])
        last.feed(.windowUpdate(1 << 24))
        let calls = try (0..<50).map { try #require(last.openList(Int32(2 * $0 + 1))) }
        last.socketIsOpen = false
        for call in calls { _ = last.stream(call, [Int](repeating: 9_995, count: 10)) }
        #expect(process.pressureSince != nil)
        let connections = (rigs + [last]).map(\.connection)
        #expect(pressure.relieve(connections, loop: 0, at: MonotonicInstant(nanoseconds: 999_999_999)))
        #expect(connections.allSatisfy { !$0.takeActions().contains { $0.isAbort } })
        #expect(!pressure.relieve(connections, loop: 0, at: MonotonicInstant(nanoseconds: 1_000_000_000)))
        #expect(process.takenBytes < process.reliefBytes)
        #expect(process.pressureSince == nil)
        // The one with the most went; those with little stayed.
        #expect(last.connection.takeActions().contains { $0.isAbort })
        #expect(rigs.allSatisfy { !$0.connection.takeActions().contains { $0.isAbort } })
    }

    @Test("pressure is announced once, and ends an eighth below the cap")
    func hysteresis() {
        final class Count: @unchecked Sendable { var value = 0 }
        let announced = Count()
        let process = ProcessSendBudget(limitBytes: 1_000)
        process.onPressure { announced.value += 1 }
        var budget = ConnectionSendBudget(limitBytes: 10_000, process: process)
        let isHeld = budget.hold(1_000)
        #expect(isHeld)
        let isRefused = !budget.hold(1)
        #expect(isRefused)
        budget.refused(1, at: MonotonicInstant(nanoseconds: 5))
        budget.refused(1, at: MonotonicInstant(nanoseconds: 6))
        #expect(process.pressureSince == MonotonicInstant(nanoseconds: 5))
        #expect(announced.value == 1)
        budget.release(1_000)
        #expect(process.pressureSince == nil)
    }
}

extension ServerConnectionAction {
    fileprivate var isAbort: Bool { if case .abort = self { true } else { false } }
}
