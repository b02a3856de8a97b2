// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: SETTINGS_INITIAL_WINDOW_SIZE while messages wait")
struct SettingsWindowTests {
    @Test("a message larger than the windows have become goes out in parts, although they were larger once")
    func smallerWindows() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        rig.feed(.windowUpdate(1 << 20))
        let call = try #require(rig.openList())
        rig.feed(.windowUpdate(1, stream: 1))
        rig.feed(.initialWindow(65_535))
        let sender = rig.stream(call, [100_000])
        rig.advance(by: .seconds(2))
        #expect(rig.peer[1].dataBytes > 0)
        rig.feed(.windowUpdate(65_536, stream: 1))
        rig.advance(by: .seconds(70))
        #expect(sender.written == [100_000])
        #expect(rig.peer[1].messages.sizes == [100_000])
        #expect(rig.stalls.isEmpty)
    }
}
