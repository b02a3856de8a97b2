// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirHTTP2

/// A budget is not copyable; tests hold it by reference.
private final class Holder {
    var budget: ConnectionReceiveBudget

    init(heldLimitBytes: Int = 1 << 30, process: ProcessReceiveBudget) {
        budget = ConnectionReceiveBudget(heldLimitBytes: heldLimitBytes, process: process)
    }

    func open(_ count: Int = 65_535) -> Bool { budget.open(windowBytes: count) }
    func grow(_ count: Int) -> Int { budget.grow(by: count) }
    func credit(_ count: Int) -> Int { budget.credit(count) }
    func release(_ count: Int) { budget.release(count) }
    func close() { budget.close() }
    var windowBytes: Int { budget.windowBytes }
    var creditedBytes: Int { budget.creditedBytes }
}

@Suite("ReceiveBudget")
struct ReceiveBudgetTests {
    private let block = ConnectionReceiveBudget.blockBytes

    @Test("first windows fill the process's budget to the last byte, and not beyond", arguments: [0, -1])
    func firstWindows(missing: Int) {
        let process = ProcessReceiveBudget(limitBytes: 3 * 65_535 + missing)
        let holders = (0..<4).map { _ in Holder(process: process) }
        let opened = holders.map { $0.open() }
        #expect(opened == [true, true, missing == 0, false])
        #expect(process.takenBytes == (missing == 0 ? 3 : 2) * 65_535)
    }

    @Test("a window grows to half of the process's budget, so that others can still come")
    func growth() {
        let process = ProcessReceiveBudget(limitBytes: 1 << 20)
        let first = Holder(process: process)
        #expect(first.open())
        let grown = first.grow(1 << 20)
        #expect(grown == 7 * block)
        #expect(process.takenBytes <= process.limitBytes / 2)
        #expect(first.windowBytes == 65_535 + grown)
        let nothing = first.grow(1 << 20)
        #expect(nothing == 0)
        let newcomers = (0..<8).map { _ in Holder(process: process) }
        let opened = newcomers.map { $0.open() }
        #expect(opened.allSatisfy { $0 })
    }

    @Test("a window that is nearly there grows by the rest, less than a block")
    func lastPart() {
        let holder = Holder(process: ProcessReceiveBudget(limitBytes: 1 << 20))
        #expect(holder.open())
        let grown = holder.grow(1)
        #expect(grown == 1)
        #expect(holder.windowBytes == 65_536)
    }

    @Test("held bytes are credited to three quarters of the process's budget, to the byte")
    func heldLimit() {
        let process = ProcessReceiveBudget(limitBytes: 400_000)
        let holder = Holder(process: process)
        #expect(holder.open(100_000))
        let first = holder.credit(199_999)
        #expect(first == 199_999)
        let second = holder.credit(10)
        #expect(second == 1)
        #expect(process.takenBytes == 300_000)
        let newcomer = Holder(process: process)
        #expect(newcomer.open(100_000))
        #expect(!newcomer.open(1))
    }

    @Test("held bytes are credited to the connection's cap and not one byte more")
    func connectionCap() {
        let holder = Holder(heldLimitBytes: 1_000, process: ProcessReceiveBudget(limitBytes: 1 << 30))
        #expect(holder.open())
        let first = holder.credit(999)
        let second = holder.credit(2)
        #expect((first, second) == (999, 1))
        holder.release(5)
        let third = holder.credit(100)
        #expect(third == 5)
    }

    @Test("spare room goes back: none is kept when nothing is held beyond the window")
    func spares() {
        let process = ProcessReceiveBudget(limitBytes: 1 << 30)
        let holder = Holder(process: process)
        #expect(holder.open())
        let credited = holder.credit(10 * block)
        holder.release(8 * block)
        #expect(credited == 10 * block)
        #expect(process.takenBytes <= 65_535 + 4 * block)
        holder.release(2 * block)
        #expect(process.takenBytes == 65_535)
    }

    @Test("a connection that is closed, and one that goes away, give everything back")
    func givesBack() {
        let process = ProcessReceiveBudget(limitBytes: 1 << 30)
        let closed = Holder(process: process)
        #expect(closed.open())
        _ = closed.credit(5)
        closed.close()
        #expect(process.takenBytes == 0)
        do {
            let gone = Holder(process: process)
            #expect(gone.open())
            _ = gone.credit(5)
        }
        #expect(process.takenBytes == 0)
    }

    @Test("never passes a limit, and is back to zero after any sequence", arguments: 0..<20)
    func anySequence(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let process = ProcessReceiveBudget(limitBytes: 900_000)
        let holders = (0..<5).map { _ in Holder(heldLimitBytes: 200_000, process: process) }
        var credited = [Int](repeating: 0, count: 5)
        let opened = holders.map { $0.open() }
        #expect(opened.allSatisfy { $0 })
        for _ in 0..<1_000 {
            let index = Int.random(in: 0..<5, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: _ = holders[index].grow(Int.random(in: 0...100_000, using: &random))
            case 1, 2: credited[index] += holders[index].credit(Int.random(in: 0...60_000, using: &random))
            default:
                let count = Int.random(in: 0...credited[index], using: &random)
                holders[index].release(count)
                credited[index] -= count
            }
            #expect(holders.map(\.creditedBytes) == credited)
            #expect(credited[index] <= 200_000)
            #expect(process.takenBytes <= process.limitBytes)
            #expect(process.takenBytes >= credited.reduce(0, +) + holders.reduce(0) { $0 + $1.windowBytes })
        }
        for holder in holders { holder.close() }
        #expect(process.takenBytes == 0)
    }
}
