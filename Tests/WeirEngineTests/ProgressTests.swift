// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: what counts as progress")
struct ProgressTests {
    /// A connection whose window is used up by stream 1, which waits, while its own window is open.
    private func blockedConnection() throws -> (rig: ServerRig, sender: Sender) {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let call = try #require(rig.openList(1))
        let sender = rig.stream(call, [65_530] + [Int](repeating: 1_000, count: 100))
        #expect(rig.peer[1].dataBytes == 65_535)
        #expect(sender.isWaiting)
        return (rig, sender)
    }

    @Test("a client that keeps the connection's window shut is not kept alive by the answers to its PINGs")
    func pings() throws {
        let (rig, sender) = try blockedConnection()
        for _ in 0..<6 {
            rig.advance(by: .seconds(9))
            rig.feed(.ping())
        }
        #expect(rig.stalls.isEmpty)
        rig.advance(by: .seconds(6))
        #expect(rig.stalls.map(\.cause) == [.connectionWindow])
        #expect(rig.stalls.map(\.stalledFor) == [.seconds(60)])
        #expect(sender.failure?.code == .resourceExhausted)
        #expect(rig.holdsNothing)
    }

    @Test("nor by the trailers of its other streams")
    func trailers() throws {
        let (rig, sender) = try blockedConnection()
        for id in stride(from: Int32(3), through: 13, by: 2) {
            rig.advance(by: .seconds(9))
            try #require(rig.openList(id)).handlerReturned(Status(code: .ok))
            rig.pump()
            #expect(rig.peer[id].status == "0")
        }
        rig.advance(by: .seconds(6))
        #expect(rig.stalls.map(\.cause) == [.connectionWindow])
        #expect(sender.failure?.code == .resourceExhausted)
    }

    @Test("bytes of another stream's DATA are progress of the connection")
    func data() throws {
        let (rig, sender) = try blockedConnection()
        let other = try #require(rig.openList(3))
        _ = rig.stream(other, [Int](repeating: 95, count: 1_000))
        for _ in 0..<20 {
            rig.advance(by: .seconds(50))
            rig.feed(.windowUpdate(1_200))
        }
        #expect(rig.stalls.isEmpty)
        #expect(sender.failure == nil)
    }
}
