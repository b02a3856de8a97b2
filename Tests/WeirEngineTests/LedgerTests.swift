// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: our ledger and the library's")
struct LedgerTests {
    @Test("agree after any sequence of SETTINGS, WINDOW_UPDATE and DATA", arguments: 0..<20)
    func agree(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rig = try ServerRig()
        rig.connect()
        var senders: [Sender] = []
        for id in [Int32(1), 3, 5] {
            let call = try #require(rig.openList(id))
            senders.append(Sender(call, (0..<300).map { _ in Int.random(in: 0...30_000, using: &random) }))
        }
        for _ in 0..<200 {
            let id = [Int32(1), 3, 5][Int.random(in: 0..<3, using: &random)]
            switch Int.random(in: 0..<5, using: &random) {
            case 0: rig.feed(.initialWindow(Int.random(in: 0...200_000, using: &random)))
            case 1: rig.feed(.windowUpdate(Int.random(in: 1...40_000, using: &random)))
            case 2: rig.feed(.windowUpdate(Int.random(in: 1...40_000, using: &random), stream: id))
            case 3: rig.advance(by: .milliseconds(Int64.random(in: 1...300, using: &random)))
            default:
                senders[Int(id) / 2].run()
                rig.pump()
            }
            check(rig)
        }
        #expect(rig.peerUnderstood)
        #expect(rig.protocolErrors.isEmpty)
        #expect(rig.peer.responses.values.reduce(0) { $0 + $1.data.count } > 100_000)
    }

    private func check(_ rig: ServerRig) {
        let session = rig.connection.session
        for stream in session.streams.values {
            let library = session.libraryWindows(of: stream)
            #expect(max(0, stream.window.bytes) == library.stream)
            #expect(session.flow.window.bytes == library.connection)
        }
    }
}
