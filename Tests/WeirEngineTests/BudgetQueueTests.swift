// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: who stands in line for a budget")
struct BudgetQueueTests {
    @Test("a stream that waited for a budget gets its turn although others always wait for connection credit")
    func othersWaitForCredit() throws {
        let process = ProcessSendBudget(limitBytes: 1 << 20)
        let rig = try ServerRig(process: process)
        rig.connect([.initialWindow(1 << 24)])
        _ = rig.stream(try #require(rig.openList(1)), [35_000])
        // Another connection takes the rest of the process's budget for a moment.
        let taken = process.limitBytes - process.takenBytes
        #expect(process.take(taken))
        let late = rig.stream(try #require(rig.openList(3)), [4_000, 4_000])
        #expect(late.isWaiting)
        let others = try [Int32(5), 7].map { id in
            rig.stream(try #require(rig.openList(id)), [Int](repeating: 40_000, count: 50))
        }
        process.give(taken)
        for _ in 0..<6 {
            rig.feed(.windowUpdate(40_005))
            rig.advance(by: .milliseconds(50))
        }
        #expect(others.allSatisfy { $0.isWaiting && !$0.written.isEmpty })
        #expect(late.written == [4_000, 4_000])
    }

    @Test("a stream that waits for the process's budget asks again by itself: other connections do not tell it")
    func asksAgain() throws {
        let process = ProcessSendBudget(limitBytes: 1 << 20)
        let rig = try ServerRig(process: process)
        rig.connect()
        let call = try #require(rig.openList(1))
        let taken = process.limitBytes - process.takenBytes
        #expect(process.take(taken))
        let sender = rig.stream(call, [4_000])
        rig.advance(by: .seconds(5))
        #expect(sender.isWaiting)
        process.give(taken)
        #expect(rig.connection.nextDeadline == rig.now + .milliseconds(10))
        rig.advance(by: .milliseconds(10))
        #expect(sender.written == [4_000])
    }

    @Test("of several the first in line is served first, although another would fit")
    func inOrder() throws {
        let process = ProcessSendBudget(limitBytes: 1 << 20)
        let rig = try ServerRig(process: process)
        rig.connect([.initialWindow(1 << 20)])
        rig.feed(.windowUpdate(1 << 20))
        let calls = try [Int32(1), 3].map { try #require(rig.openList($0)) }
        let taken = process.limitBytes - process.takenBytes
        #expect(process.take(taken))
        let large = rig.stream(calls[0], [40_000])
        let small = rig.stream(calls[1], [1_000])
        process.give(20_000)
        rig.advance(by: .milliseconds(100))
        #expect(large.isWaiting && small.isWaiting)
        process.give(taken - 20_000)
        rig.advance(by: .milliseconds(10))
        #expect(large.written == [40_000] && small.written == [1_000])
    }
}
