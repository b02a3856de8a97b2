// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: messages that the windows cannot finish")
struct HoldBackTests {
    private func second(_ offset: Int64) -> MonotonicInstant { MonotonicInstant(nanoseconds: 1_000_000_000 + offset) }

    @Test(
        "is not started; after one second it goes in parts for a peer not seen to refill early",
        arguments: [(-1, false), (0, true), (1, true)] as [(Int64, Bool)])
    func lateRefiller(offset: Int64, hasStarted: Bool) throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [40_000, 40_000])
        #expect(sender.isWaiting)
        #expect(rig.peer[1].data.count == 40_005)
        rig.advance(to: second(offset))
        #expect(rig.peer[1].data.count == (hasStarted ? 65_535 : 40_005))
        #expect(sender.isWaiting != hasStarted)
    }

    @Test("is held back no longer than a sixteenth of the stall deadline", arguments: [(-1, false), (0, true)])
    func sixteenth(offset: Int64, hasStarted: Bool) throws {
        let rig = try ServerRig { $0.flow.stallDeadline = .seconds(8) }
        rig.connect()
        _ = rig.stream(try #require(rig.openList()), [40_000, 40_000])
        rig.advance(to: MonotonicInstant(nanoseconds: 500_000_000 + offset))
        #expect(rig.peer[1].data.count == (hasStarted ? 65_535 : 40_005))
    }

    @Test("is held back until the stall deadline for a peer that refills early, and then no message is cut")
    func earlyRefiller() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        rig.feed(.windowUpdate(1), .windowUpdate(1, stream: 1))
        let sender = rig.stream(call, [40_000, 40_000])
        rig.advance(by: .seconds(59))
        #expect(sender.isWaiting)
        #expect(rig.peer[1].messages.rest == 0)
        rig.advance(by: .seconds(1))
        #expect(rig.stalls.count == 1)
        #expect(rig.peer[1].messages.sizes == [40_000])
        #expect(rig.peer[1].messages.rest == 0)
        #expect(rig.peer[1].status == "8")
    }

    @Test("goes whole as soon as the windows can carry it, to the byte", arguments: [(14_474, false), (14_475, true)])
    func goesWhole(credit: Int, isSent: Bool) throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [40_000, 40_000])
        rig.feed(.windowUpdate(100_000), .windowUpdate(credit, stream: 1))
        #expect(sender.isWaiting != isSent)
        #expect(rig.peer[1].messages.sizes.count == (isSent ? 2 : 1))
        #expect(rig.peer[1].messages.rest == 0)
    }

    @Test("a message larger than the windows goes in parts as they open, and arrives whole")
    func largerThanWindows() throws {
        let rig = try ServerRig()
        // A wide connection window, so that the last message is no question of shares.
        rig.connect([.settings(), .windowUpdate(1 << 20)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [300_000, 7])
        var rounds = 0
        while rig.peer[1].messages.sizes.count < 2, rounds < 20 {
            rig.feed(.windowUpdate(60_000), .windowUpdate(60_000, stream: 1))
            rounds += 1
        }
        #expect(rig.peer[1].messages.sizes == [300_000, 7])
        #expect(rounds == 4)
        #expect(sender.sizes.isEmpty)
        #expect(rig.now == MonotonicInstant(nanoseconds: 0))
    }

    @Test("four streams of 32,785 bytes on one window of 65,535: none is stuck half-way")
    func fourStreams() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(.windowUpdate(1))
        let calls = try [Int32(1), 3, 5, 7].map { try #require(rig.openList($0)) }
        var senders: [Sender] = []
        for call in calls {
            let sender = Sender(call, [Int](repeating: 32_780, count: 3))
            sender.run()
            senders.append(sender)
        }
        rig.pump()
        rig.advance(by: .seconds(30))
        var got = 0
        for _ in 0..<40 {
            for id in [Int32(1), 3, 5, 7] { #expect(rig.peer[id].messages.rest == 0) }
            let total = [Int32(1), 3, 5, 7].reduce(0) { $0 + rig.peer[$1].data.count }
            guard total > got else { break }
            rig.feed(.windowUpdate(total - got))
            for id in [Int32(1), 3, 5, 7] { rig.feed(.windowUpdate(32_785, stream: id)) }
            got = total
        }
        #expect(senders.allSatisfy { $0.sizes.isEmpty })
        for id in [Int32(1), 3, 5, 7] { #expect(rig.peer[id].messages.sizes.count == 3) }
    }

    @Test(
        "a message larger than the budget fails at once with RESOURCE_EXHAUSTED",
        arguments: [(49_995, true), (49_996, false)])
    func largerThanBudget(size: Int, isAdmitted: Bool) throws {
        let rig = try ServerRig { $0.connectionSendBudgetBytes = 50_000 }
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [size])
        #expect(sender.sizes.isEmpty == isAdmitted)
        #expect((sender.failure?.code == .resourceExhausted) == !isAdmitted)
    }

    @Test("a thousand one-byte window updates are not answered by as many DATA frames")
    func oneByteUpdates() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        _ = rig.stream(call, [200_000])
        rig.feed(.windowUpdate(1 << 20))
        let before = rig.peer[1].dataFrames.count
        for _ in 0..<1_000 { rig.feed(.windowUpdate(1, stream: 1)) }
        #expect(rig.peer[1].dataFrames.count == before)
        rig.advance(by: .milliseconds(100))
        #expect(rig.peer[1].dataFrames.count == before + 1)
        #expect(rig.peer[1].dataFrames.last == 1_000)
    }

    @Test("output pauses at 64 KiB and one frame, however far the windows are open")
    func outputPauses() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [3_000_000, 10, 1_000_000])
        #expect(sender.sizes.isEmpty)
        #expect(rig.peer[1].messages.sizes == [3_000_000, 10, 1_000_000])
        #expect(rig.maximumOutputBytes <= 64 * 1024 + 16_384 + 9)
    }
}
