// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirHTTP2

@Suite("TimerTable")
struct TimerTableTests {
    private final class Entry: TimerTableEntry {
        var timerDeadline = MonotonicInstant.distantFuture
        var timerIndex = -1
    }

    @Test("an entry is due at its deadline, not before", arguments: [(99, false), (100, true), (101, true)])
    func due(now: Int64, isDue: Bool) {
        var table = TimerTable<Entry>()
        let entry = Entry()
        table.set(entry, to: MonotonicInstant(nanoseconds: 100))
        let popped = table.popDue(at: MonotonicInstant(nanoseconds: now))
        #expect((popped === entry) == isDue)
        #expect(table.count == (isDue ? 0 : 1))
        if isDue {
            #expect(entry.timerIndex == -1)
            #expect(entry.timerDeadline == .distantFuture)
        }
    }

    @Test("no deadline and the distant future both mean: not in the table", arguments: [true, false])
    func removal(withNil: Bool) {
        var table = TimerTable<Entry>()
        let entry = Entry()
        table.set(entry, to: withNil ? nil : .distantFuture)
        #expect(table.count == 0)
        table.set(entry, to: MonotonicInstant(nanoseconds: 1))
        #expect(table.count == 1)
        table.set(entry, to: withNil ? nil : .distantFuture)
        #expect(table.count == 0)
        #expect(table.earliest == nil)
    }

    @Test("keeps one entry a stream and the order of a sorted list under any sequence", arguments: 0..<20)
    func model(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var table = TimerTable<Entry>()
        let entries = (0..<40).map { _ in Entry() }
        var model: [Int: Int64] = [:]
        for _ in 0..<1500 {
            let index = Int.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                table.set(entries[index], to: nil)
                model[index] = nil
            case 1:
                let now = Int64.random(in: 0..<300, using: &random)
                if let popped = table.popDue(at: MonotonicInstant(nanoseconds: now)) {
                    let key = entries.firstIndex { $0 === popped } ?? -1
                    #expect(model[key] == model.values.min())
                    #expect((model[key] ?? .max) <= now)
                    model[key] = nil
                } else {
                    #expect((model.values.min() ?? .max) > now)
                }
            default:
                let deadline = Int64.random(in: 0..<1000, using: &random)
                table.set(entries[index], to: MonotonicInstant(nanoseconds: deadline))
                model[index] = deadline
            }
            #expect(table.count == model.count)
            #expect(table.earliest?.nanoseconds == model.values.min())
        }
        var last = Int64.min
        while let popped = table.popDue(at: .distantFuture) {
            let key = entries.firstIndex { $0 === popped } ?? -1
            let deadline = model.removeValue(forKey: key) ?? .min
            #expect(deadline >= last)
            last = deadline
        }
        #expect(model.isEmpty)
    }
}
