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

    @Test("stalls in the middle of a message when its reader stopped, although its siblings move")
    func stallsInMidMessage() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        // The client returns credit when its applications read; the third stream's does not.
        var credit: [Int32: Int] = [:]
        rig.onFrame = { header in
            if header.kind == .data, header.stream != 5 { credit[header.stream, default: 0] += header.length }
        }
        let calls = try [Int32(1), 3, 5].map { try #require(rig.openList($0)) }
        let siblings = calls.prefix(2).map { rig.stream($0, [Int](repeating: 20_000, count: 5_000)) }
        let stopped = rig.stream(calls[2], [100_000])
        var isCut = false
        for _ in 0..<1_000 where !isCut {
            rig.advance(by: .milliseconds(100))
            let frames = credit.flatMap { id, count in
                [RawFrame.windowUpdate(count, stream: id), RawFrame.windowUpdate(count)]
            }
            credit = [:]
            rig.feed(frames.flatMap(\.bytes))
            isCut = rig.stalls.count == 1
        }
        #expect(stopped.written == [100_000])
        #expect(rig.peer[5].messages.rest > 0)
        #expect(isCut && rig.peer[5].status == "8", "\(calls[2].streamFlow(at: rig.now)) \(rig.peer[5].data.count)")
        #expect(siblings.allSatisfy { $0.isWaiting })
    }
}
