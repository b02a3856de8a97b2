// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: bounded replies, bounded turns")
struct BoundedWorkTests {
    @Test("input is not wanted while more replies wait than the limit, and wanted again when they have left")
    func replies() throws {
        let rig = try ServerRig { $0.settings.maxQueuedReplies = 50 }
        rig.connect()
        let ping = ByteBuffer(bytes: RawFrame.ping().bytes)
        for _ in 0..<50 { rig.connection.receive(ping, at: rig.now) }
        #expect(rig.connection.wantsInput)
        rig.connection.receive(ping, at: rig.now)
        #expect(!rig.connection.wantsInput)
        rig.pump()
        #expect(rig.connection.wantsInput)
        #expect(rig.peer.count(.ping) == 51)
    }

    @Test("of many streams that stall at the same instant sixteen end per turn, and all of them at once")
    func manyDeadlines() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1_005)])
        rig.feed(.windowUpdate(1 << 24))
        for id in 0..<40 { _ = rig.stream(try #require(rig.openList(Int32(2 * id + 1))), [1_000, 1_000]) }
        rig.jump(by: .seconds(60))
        #expect(rig.stalls.count == 16)
        #expect(rig.connection.nextDeadline == rig.now)
        rig.jump(by: .zero)
        #expect(rig.stalls.count == 32)
        rig.jump(by: .zero)
        #expect(rig.stalls.count == 40)
        #expect(rig.holdsNothing)
    }

    @Test("while the socket takes nothing it is looked at eight times per deadline")
    func socketIsLookedAt() throws {
        let rig = try ServerRig { $0.flow.stallDeadline = .seconds(80) }
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        let call = try #require(rig.openList())
        rig.socketIsOpen = false
        _ = rig.stream(call, [500_000])
        #expect(rig.connection.nextDeadline == rig.now + .seconds(10))
        rig.jump(by: .seconds(75))
        #expect(rig.connection.nextDeadline == rig.now + .seconds(5))
    }
}
