// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

@Suite("AdmissionChain")
struct AdmissionChainTests {
    @Test("a rejected call gives back what earlier policies gave it, tokens included")
    func givesBack() {
        let rate = RateLimit(perSecond: 1, burst: 10)
        let streams = ConcurrencyLimit(5, name: "first")
        let chain = AdmissionChain([rate, streams, ConcurrencyLimit(1, name: "second")])
        let permit = chain.admit(.plain, at: at(0)).permit
        #expect(rate.tokens(of: "peer", at: at(0)) == 9)
        for _ in 0..<20 { #expect(chain.admit(.plain, at: at(0)).rejection?.policy == "second") }
        #expect(rate.tokens(of: "peer", at: at(0)) == 9)
        #expect(streams.inUse == 1)
        permit?.succeeded(at: at(0))
        #expect(streams.inUse == 0)
    }

    @Test("a permit ends once; let go without a word it is ignored")
    func once() {
        let limit = ConcurrencyLimit(3)
        let recorder = EventRecorder()
        let chain = AdmissionChain([limit], observer: recorder)
        let first = chain.admit(.plain, at: at(0)).permit
        var second = chain.admit(.plain, at: at(0)).permit
        first?.failed(at: at(1))
        first?.succeeded(at: at(2))
        first?.responseStarted(at: at(2))
        #expect(limit.inUse == 1)
        second = nil
        #expect(second == nil)
        #expect(limit.inUse == 0)
        #expect(
            recorder.events == [
                .admitted(policy: "admission"), .admitted(policy: "admission"),
                .ended(policy: "admission", outcome: .failed, held: .seconds(1)),
                .ended(policy: "admission", outcome: .ignored, held: .zero),
            ])
    }

    @Test("without a closure a call does not wait")
    func noWaiting() {
        let chain = AdmissionChain(queue: BoundedQueue(capacity: 9), limits: [ConcurrencyLimit(1)])
        let permit = chain.admit(.plain, at: at(0)).permit
        #expect(permit != nil)
        #expect(chain.admit(.plain, at: at(0)).rejection?.reason == .concurrency)
    }

    @Test("only what a call's end can mend is waited for")
    func finalRefusal() {
        let turns = TurnRecorder()
        let chain = AdmissionChain(queue: BoundedQueue(capacity: 9), limits: [RateLimit(perSecond: 1, burst: 1)])
        #expect(chain.admit(.plain, at: at(0), onTurn: turns.onTurn(0)).permit != nil)
        #expect(chain.admit(.plain, at: at(0), onTurn: turns.onTurn(1)).rejection?.reason == .rate)
        #expect(turns.all.isEmpty)
    }

    @Test(
        "permits, tokens and places return to zero under any interleaving, and each waiting call is told once",
        arguments: 0..<40)
    func property(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let rate = RateLimit(perSecond: 200, burst: 50, by: .everyone)
        let bulkhead = Bulkhead(capacity: 12, by: .priority, partitions: ["high": .init(guaranteed: 4)])
        let limit = ConcurrencyLimit(6)
        let adaptive = AdaptiveLimit(
            AIMDLimit(initial: 5, minimum: 2, maximum: 8), window: .milliseconds(5), minimumSamples: 2)
        let discipline: BoundedQueue.Discipline =
            seed % 2 == 0 ? .controlledDelay : .firstInFirstOut(timeout: .milliseconds(30))
        let queue = BoundedQueue(capacity: 5, discipline: discipline)
        let chain = AdmissionChain([rate, bulkhead], queue: queue, limits: [limit, adaptive])
        let turns = TurnRecorder()
        var running: [Permit] = []
        var waiting: [Int: WaitingCall] = [:]
        var abandoned: Set<Int> = []
        var now = at(0)
        for number in 0..<2000 {
            now = now.advanced(byNanoseconds: Int64.random(in: 0...2_000_000, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4:
                let call = CallFacts(
                    method: "s/m", priority: Bool.random(using: &random) ? .high : .low,
                    deadline: Bool.random(using: &random) ? now + .milliseconds(20) : nil,
                    isStreaming: Bool.random(using: &random))
                switch chain.admit(call, at: now, onTurn: turns.onTurn(number)) {
                case .admit(let permit): running.append(permit)
                case .wait(let call): waiting[number] = call
                case .reject: break
                }
            case 5...6:
                guard !running.isEmpty else { continue }
                let outcomes: [CallOutcome] = [.succeeded, .failed, .ignored]
                running.remove(at: Int.random(in: 0..<running.count, using: &random))
                    .end(as: outcomes[Int.random(in: 0..<3, using: &random)], at: now)
            case 7:
                running.randomElement(using: &random)?.responseStarted(at: now)
            case 8:
                guard let (number, call) = waiting.randomElement(using: &random) else { continue }
                if chain.abandon(call, at: now) {
                    #expect(turns.turns(of: number).isEmpty)
                    abandoned.insert(number)
                    waiting[number] = nil
                }
            default:
                chain.timerFired(at: now)
            }
            for number in Array(waiting.keys) where !turns.turns(of: number).isEmpty {
                if let permit = turns.permit(of: number) { running.append(permit) }
                waiting[number] = nil
            }
            #expect(queue.length == waiting.count)
            #expect(queue.length <= 5)
            #expect(limit.inUse == running.count)
            #expect(limit.inUse <= 6)
        }
        for permit in running { permit.ignored(at: now) }
        chain.timerFired(at: now + .seconds(1))
        for (number, _) in waiting { turns.permit(of: number)?.ignored(at: now) }
        #expect(queue.length == 0)
        #expect(limit.inUse == 0)
        #expect(adaptive.inFlight == 0)
        #expect(bulkhead.load(at: now) == 0)
        #expect(turns.all.values.allSatisfy { $0.count == 1 })
        #expect(abandoned.allSatisfy { turns.turns(of: $0).isEmpty })
    }

    @Test("many threads at once: nothing is lost and nobody is told twice")
    func threads() async {
        let limit = ConcurrencyLimit(3)
        let bulkhead = Bulkhead(capacity: 40, by: .method, partitions: [:])
        let queue = BoundedQueue(capacity: 16, discipline: .firstInFirstOut(timeout: .seconds(1)))
        let chain = AdmissionChain([bulkhead], queue: queue, limits: [limit])
        let turns = TurnRecorder()
        await withTaskGroup(of: Int.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var waited = 0
                    for step in 0..<2000 {
                        let number = worker * 10_000 + step
                        let now = PolicyInstant(nanoseconds: Int64(step))
                        let decision = chain.admit(.plain, at: now) { turn in
                            // Ended in the turn, as a handler that returns at once would.
                            if case .admit(let permit) = turn { permit.succeeded(at: now) }
                            turns.onTurn(number)(turn)
                        }
                        switch decision {
                        case .admit(let permit): permit.succeeded(at: now)
                        case .wait(let call):
                            waited += 1
                            if step % 7 == 0 { chain.abandon(call, at: now) }
                        case .reject: break
                        }
                    }
                    return waited
                }
            }
        }
        #expect(queue.length == 0)
        #expect(limit.inUse == 0)
        #expect(bulkhead.inUse() == 0)
        #expect(turns.all.values.allSatisfy { $0.count == 1 })
    }
}
