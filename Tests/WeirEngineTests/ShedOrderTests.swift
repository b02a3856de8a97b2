// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("Shedding: which streams go, and when")
struct ShedOrderTests {
    private let second: Int64 = 1_000_000_000

    /// A stream whose reader takes 2,000 bytes of a message and stops, so that the rest stays queued.
    private func stop(_ id: Int32, holding bytes: Int, on rig: ServerRig) throws {
        let call = try #require(rig.openList(id))
        _ = rig.stream(call, [2_000 + bytes - 5])
        #expect(rig.peer[id].dataBytes == 2_000)
    }

    private func rig(
        process: ProcessSendBudget? = nil, budget: Int = 1 << 22
    ) throws -> ServerRig {
        let rig = try ServerRig({ $0.connectionSendBudgetBytes = budget }, process: process)
        rig.connect([.initialWindow(2_000)])
        rig.feed(.windowUpdate(1 << 24))
        return rig
    }

    /// Three streams of which one is the oldest, one the largest, and a third the worst.
    private func three(on rig: ServerRig) throws {
        try stop(1, holding: 300_000, on: rig)
        rig.advance(by: .seconds(1))
        try stop(3, holding: 500_000, on: rig)
        rig.advance(by: .seconds(2))
        try stop(5, holding: 800_000, on: rig)
        rig.advance(by: .seconds(1))
        #expect(rig.connection.counts.heldBytes == 1_600_000)
    }

    /// A stream that reads everything asks for more than is left of the budget.
    private func press(_ rig: ServerRig) throws {
        _ = rig.stream(try #require(rig.openList(7)), [150_000])
        rig.feed(.windowUpdate(1 << 20, stream: 7))
        rig.advance(by: .milliseconds(1))
    }

    @Test("a connection's budget: bytes times time without progress, and no more than is needed")
    func bytesTimesTime() throws {
        let rig = try rig(budget: 1_700_000)
        try three(on: rig)
        try press(rig)
        #expect(rig.connection.session.flow.budget.pressureSince == MonotonicInstant(nanoseconds: 4 * second))
        // Each of the three stopped long ago; it is the pressure that has to last.
        rig.advance(to: MonotonicInstant(nanoseconds: 5 * second - 1))
        #expect(rig.stalls.isEmpty)
        rig.advance(to: MonotonicInstant(nanoseconds: 5 * second))
        #expect(rig.stalls.map(\.reason) == [.shed])
        #expect(rig.peer[3].status == "8")
        rig.advance(by: .seconds(1))
        #expect(rig.peer[7].messages.sizes == [150_000])
        #expect(rig.stalls.count == 1)
    }

    @Test("the process's budget: the same, once the pressure has lasted")
    func process() throws {
        let process = ProcessSendBudget(limitBytes: 1_700_000)
        let pressure = SendPressure(budget: process, delay: .seconds(1))
        let rig = try rig(process: process)
        try three(on: rig)
        try press(rig)
        #expect(process.pressureSince == MonotonicInstant(nanoseconds: 4 * second))
        #expect(pressure.relieve([rig.connection], loop: 0, at: MonotonicInstant(nanoseconds: 5 * second - 1)))
        rig.pump()
        #expect(rig.stalls.isEmpty)
        #expect(!pressure.relieve([rig.connection], loop: 0, at: MonotonicInstant(nanoseconds: 5 * second)))
        rig.pump()
        #expect(rig.stalls.map(\.reason) == [.shed])
        #expect(rig.peer[3].status == "8")
    }

    @Test("what another loop's connections freed is enough for all")
    func otherLoops() throws {
        let process = ProcessSendBudget(limitBytes: 1_700_000)
        let pressure = SendPressure(budget: process, delay: .seconds(1))
        let innocent = try rig(process: process)
        let worse = try rig(process: process)
        try stop(1, holding: 600_000, on: worse)
        try stop(1, holding: 100_000, on: innocent)
        try stop(3, holding: 800_000, on: worse)
        // The first loop is the one that is refused.
        worse.advance(by: .seconds(4))
        innocent.advance(by: .seconds(4))
        _ = innocent.stream(try #require(innocent.openList(7)), [500_000])
        #expect(process.pressureSince != nil)
        let due = MonotonicInstant(nanoseconds: 5 * second)
        _ = pressure.relieve([worse.connection], loop: 1, at: due)
        _ = pressure.relieve([innocent.connection], loop: 0, at: due)
        innocent.pump()
        worse.pump()
        #expect(innocent.stalls.isEmpty)
        #expect(worse.stalls.count == 1)
        #expect(worse.peer[3].status == "8")
    }

    @Test("a connection whose socket takes nothing is a candidate once that has lasted")
    func socket() throws {
        let rig = try rig()
        let call = try #require(rig.openList(1))
        rig.feed(.windowUpdate(1 << 20, stream: 1))
        rig.socketIsOpen = false
        _ = rig.stream(call, [50_000])
        #expect(rig.connection.counts.heldBytes > 0)
        #expect(rig.connection.shedCandidates(at: MonotonicInstant(nanoseconds: second - 1)).isEmpty)
        let candidates = rig.connection.shedCandidates(at: MonotonicInstant(nanoseconds: second))
        #expect(candidates.map(\.heldBytes) == [rig.connection.counts.heldBytes])
    }
}
