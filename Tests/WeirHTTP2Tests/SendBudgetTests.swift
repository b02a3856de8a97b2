// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirHTTP2

/// A budget is not copyable; tests hold it by reference.
private final class Holder {
    var budget: ConnectionSendBudget

    init(limitBytes: Int, process: ProcessSendBudget) {
        budget = ConnectionSendBudget(limitBytes: limitBytes, process: process)
    }

    func hold(_ count: Int) -> Bool { budget.hold(count) }
    func release(_ count: Int) { budget.release(count) }
    func couldHold(_ count: Int) -> Bool { budget.couldHold(count) }
    var heldBytes: Int { budget.heldBytes }
}

@Suite("SendBudget")
struct SendBudgetTests {
    private let block = ConnectionSendBudget.blockBytes

    @Test("a connection holds its limit and not one byte more")
    func connectionLimit() {
        let holder = Holder(limitBytes: 1000, process: ProcessSendBudget(limitBytes: 1 << 30))
        #expect(holder.hold(1000))
        #expect(!holder.hold(1))
        #expect(holder.heldBytes == 1000)
        holder.release(1)
        #expect(holder.hold(1))
        #expect(!holder.hold(1))
    }

    @Test("the process's limit is hard, and takes the last bytes even when no whole block is left")
    func processLimit() {
        let process = ProcessSendBudget(limitBytes: block + 10)
        let first = Holder(limitBytes: 1 << 30, process: process)
        let second = Holder(limitBytes: 1 << 30, process: process)
        #expect(first.hold(1))
        #expect(process.takenBytes == block)
        #expect(!second.hold(11))
        #expect(process.takenBytes == block)
        #expect(second.hold(10))
        #expect(!second.hold(1))
        first.release(1)
        #expect(second.hold(1))
    }

    @Test("could hold what either limit allows, and no more")
    func couldHold() {
        let process = ProcessSendBudget(limitBytes: 500)
        let small = Holder(limitBytes: 400, process: process)
        #expect(small.couldHold(400))
        #expect(!small.couldHold(401))
        let large = Holder(limitBytes: 600, process: process)
        #expect(large.couldHold(500))
        #expect(!large.couldHold(501))
    }

    @Test("at most one spare block is kept, and none when nothing is held")
    func blocksComeBack() {
        let process = ProcessSendBudget(limitBytes: 1 << 30)
        let holder = Holder(limitBytes: 1 << 30, process: process)
        #expect(holder.hold(10 * block))
        #expect(process.takenBytes == 10 * block)
        holder.release(8 * block)
        #expect(process.takenBytes <= 3 * block)
        holder.release(2 * block - 1)
        #expect(process.takenBytes <= 2 * block)
        holder.release(1)
        #expect(process.takenBytes == 0)
    }

    @Test("a connection that goes away gives everything back")
    func deinitGivesBack() {
        let process = ProcessSendBudget(limitBytes: 1 << 30)
        do {
            let holder = Holder(limitBytes: 1 << 30, process: process)
            #expect(holder.hold(3))
        }
        #expect(process.takenBytes == 0)
    }

    @Test("never passes a limit, and is back to zero after any sequence", arguments: 0..<10)
    func anySequence(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let process = ProcessSendBudget(limitBytes: 700_000)
        let holders = (0..<5).map { _ in Holder(limitBytes: 300_000, process: process) }
        var held = [Int](repeating: 0, count: 5)
        for _ in 0..<2000 {
            let index = Int.random(in: 0..<5, using: &random)
            if Bool.random(using: &random) {
                let count = Int.random(in: 0...60_000, using: &random)
                if holders[index].hold(count) { held[index] += count }
            } else {
                let count = Int.random(in: 0...held[index], using: &random)
                holders[index].release(count)
                held[index] -= count
            }
            #expect(holders[index].heldBytes == held[index])
            #expect(held[index] <= 300_000)
            #expect(process.takenBytes <= process.limitBytes)
            #expect(process.takenBytes >= held.reduce(0, +))
        }
        for index in 0..<5 { holders[index].release(held[index]) }
        #expect(process.takenBytes == 0)
    }
}
