// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: DATA that was put off")
struct DeferredDataTests {
    @Test("goes on at once when the stream's window opens far enough, without waiting for the timer")
    func smallThenLargeCredit() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        _ = rig.stream(call, [200_000])
        rig.feed(.windowUpdate(1 << 20))
        rig.feed(.windowUpdate(10, stream: 1))
        #expect(rig.peer[1].data.count == 65_535)
        rig.feed(.windowUpdate(30_000, stream: 1))
        #expect(rig.peer[1].data.count == 65_535 + 30_010)
    }

    @Test("goes on at once when the connection's window opens far enough")
    func smallThenLargeConnectionCredit() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        _ = rig.stream(call, [200_000])
        rig.feed(.windowUpdate(1 << 20, stream: 1))
        rig.feed(.windowUpdate(10))
        #expect(rig.peer[1].data.count == 65_535)
        rig.feed(.windowUpdate(30_000))
        #expect(rig.peer[1].data.count == 65_535 + 30_010)
    }

    @Test("goes on when SETTINGS closed the stream's window in the meantime and opened it again")
    func settingsCloseAndOpen() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let large = try #require(rig.openList(1))
        let small = try #require(rig.openList(3))
        // The large message goes in parts, and what the small one set aside is not for it.
        let sender = Sender(large, [100_000])
        let other = Sender(small, [20_000])
        sender.run()
        other.run()
        rig.pump()
        rig.feed(.initialWindow(0))
        rig.feed(.windowUpdate(1 << 20))
        rig.feed(.initialWindow(1 << 20))
        rig.advance(by: .seconds(1))
        #expect(rig.peer[1].messages.sizes == [100_000])
        #expect(rig.peer[3].messages.sizes == [20_000])
    }

    @Test("a message that only the connection window holds back goes in parts after one second")
    func connectionHoldBack() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [40_000, 40_000])
        #expect(sender.isWaiting)
        rig.advance(to: MonotonicInstant(nanoseconds: 999_999_999))
        #expect(rig.peer[1].data.count == 40_005)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].data.count == 65_535)
    }

    @Test("connection credit that comes after the window was empty starts the hold-back")
    func connectionHoldBackAfterEmpty() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [65_530, 40_000])
        #expect(sender.isWaiting)
        rig.advance(by: .seconds(10))
        rig.feed(.windowUpdate(20_000))
        #expect(sender.isWaiting)
        rig.advance(by: .seconds(1))
        #expect(rig.peer[1].data.count == 65_535 + 20_000)
    }
}
