// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: a stream past its share of the connection's window")
struct YieldingStreamTests {
    @Test("DATA of a message in parts has its turn although messages that fit always wait")
    func partsHaveTheirTurn() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        // All applications read.
        var credit: [Int32: Int] = [:]
        rig.onFrame = { header in
            if header.kind == .data { credit[header.stream, default: 0] += header.length }
        }
        let calls = try [Int32(1), 3, 5].map { try #require(rig.openList($0)) }
        let siblings = calls.prefix(2).map { rig.stream($0, [Int](repeating: 20_000, count: 500)) }
        let large = rig.stream(calls[2], [100_000])
        for _ in 0..<40 {
            rig.advance(by: .milliseconds(100))
            let frames = credit.flatMap { id, count in
                [RawFrame.windowUpdate(count, stream: id), RawFrame.windowUpdate(count)]
            }
            credit = [:]
            rig.feed(frames.flatMap(\.bytes))
        }
        #expect(siblings.allSatisfy { $0.isWaiting })
        #expect(large.written == [100_000])
        #expect(rig.peer[5].messages.sizes == [100_000], "\(rig.peer[5].data.count)")
    }
}
