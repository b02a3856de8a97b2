// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: fair share")
struct FairnessTests {
    @Test(
        "16 equal streams on one connection window get equal bytes within one quantum",
        arguments: [100, 1_000, 9_000, 16_379])
    func equalStreams(size: Int) throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        let ids = (0..<16).map { Int32(2 * $0 + 1) }
        for id in ids {
            let call = try #require(rig.openList(id))
            Sender(call, [Int](repeating: size, count: 4_000_000 / size)).run()
        }
        rig.pump()
        for round in 0..<40 {
            let before = ids.reduce(0) { $0 + rig.peer[$1].data.count }
            rig.feed(.windowUpdate(16 * 16_384))
            let sums = ids.map { rig.peer[$0].data.count }
            #expect(sums.reduce(0, +) - before >= 15 * 16_384, "round \(round)")
            // The stream that came first used the first window alone.
            let others = sums.dropFirst()
            let gap = (others.max() ?? 0) - (others.min() ?? 0)
            #expect(gap <= 2 * 16_384 + 2 * (size + 5), "round \(round): \(sums)")
        }
    }

    @Test("one reader that stops does not stop the others")
    func stoppedReader() throws {
        let rig = try ServerRig()
        rig.connect()
        let ids = (0..<4).map { Int32(2 * $0 + 1) }
        rig.feed(.windowUpdate(1 << 24))
        var senders: [Sender] = []
        for id in ids {
            let call = try #require(rig.openList(id))
            senders.append(rig.stream(call, [Int](repeating: 1_000, count: 500)))
        }
        for _ in 0..<60 {
            for id in ids.dropFirst() { rig.feed(.windowUpdate(10_000, stream: id)) }
        }
        #expect(senders[0].isWaiting)
        #expect(rig.peer[1].messages.sizes.count == 65)
        #expect(senders.dropFirst().allSatisfy { $0.sizes.isEmpty })
    }
}
