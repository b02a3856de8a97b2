// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

@Suite("Bulkhead")
struct BulkheadTests {
    private func call(_ priority: CallPriority) -> CallFacts { CallFacts(method: "s/m", priority: priority) }

    @Test("own places first, then borrowed ones, and nobody else's")
    func borrowing() {
        let bulkhead = Bulkhead(
            capacity: 10, by: .priority,
            partitions: ["high": .init(guaranteed: 4), "low": .init(guaranteed: 1, maximum: 3)])
        #expect(bulkhead.lendable == 5)
        var low: [Grant] = []
        while let grant = bulkhead.admit(call(.low), at: at(0)).grant { low.append(grant) }
        #expect(low.count == 3)
        var normal = 0
        while bulkhead.admit(call(.normal), at: at(0)).grant != nil { normal += 1 }
        #expect(normal == 3)
        var high = 0
        while bulkhead.admit(call(.high), at: at(0)).grant != nil { high += 1 }
        #expect(high == 4)
        let rejection = bulkhead.admit(call(.high), at: at(0)).rejection
        #expect(rejection?.reason == .bulkhead)
        // What low borrowed it gives back first, and anybody may have it.
        low.popLast().map { bulkhead.end($0, as: .succeeded, at: at(1)) }
        #expect(bulkhead.borrowed == 4)
        #expect(bulkhead.admit(call(.high), at: at(1)).grant != nil)
        #expect(bulkhead.borrowed == 5)
        #expect(bulkhead.load(at: at(1)) == 1)
    }

    @Test("guarantees hold, and places return to zero, under any interleaving", arguments: 0..<30)
    func property(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let names = ["a", "b", "c", "d"]
        var shares: [String: Bulkhead.Share] = [:]
        for name in names.prefix(3) {
            let guaranteed = Int.random(in: 0...5, using: &random)
            shares[name] = .init(guaranteed: guaranteed, maximum: guaranteed + Int.random(in: 0...6, using: &random))
        }
        let bulkhead = Bulkhead(
            capacity: Int.random(in: 1...20, using: &random), by: .caller(.peer), partitions: shares)
        var running: [(name: String, grant: Grant)] = []
        for step in 0..<2000 {
            let name = names[Int.random(in: 0..<4, using: &random)]
            if Bool.random(using: &random) {
                let used = running.count { $0.name == name }
                let answer = bulkhead.admit(CallFacts(method: "s/m", peer: name), at: at(Double(step)))
                if let grant = answer.grant { running.append((name, grant)) }
                let share = shares[name] ?? .init(guaranteed: 0)
                if used < share.guaranteed { #expect(answer.grant != nil) }
                if used >= share.maximum { #expect(answer.grant == nil) }
            } else if !running.isEmpty {
                let ended = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                let outcomes: [CallOutcome] = [.succeeded, .failed, .ignored]
                bulkhead.end(ended.grant, as: outcomes[Int.random(in: 0..<3, using: &random)], at: at(Double(step)))
            }
            #expect(running.count <= bulkhead.capacity)
            let borrowed = names.reduce(0) { sum, name in
                sum + max(0, running.count { $0.name == name } - (shares[name]?.guaranteed ?? 0))
            }
            #expect(bulkhead.borrowed == borrowed)
            #expect(borrowed <= bulkhead.lendable)
        }
        for (_, grant) in running { bulkhead.end(grant, as: .ignored, at: at(9999)) }
        #expect(bulkhead.borrowed == 0)
        #expect(bulkhead.load(at: at(9999)) == 0)
    }

    @Test("partitions by method and by service; an unknown one is among the others")
    func partitioning() {
        let byMethod = Bulkhead(
            capacity: 1, by: .method, partitions: ["s/a": .init(guaranteed: 1)], others: .init(guaranteed: 0))
        #expect(byMethod.admit(CallFacts(method: "s/b"), at: at(0)).grant == nil)
        #expect(byMethod.admit(CallFacts(method: "s/a"), at: at(0)).grant != nil)
        let byService = Bulkhead(capacity: 2, by: .service, partitions: ["s": .init(guaranteed: 1)])
        #expect(byService.admit(CallFacts(method: "s/a"), at: at(0)).grant != nil)
        #expect(byService.inUse("s") == 1)
        #expect(byService.admit(CallFacts(method: "t/a"), at: at(0)).grant != nil)
        #expect(byService.inUse() == 1)
    }
}
