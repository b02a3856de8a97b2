// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

@Suite("BoundedQueue")
struct BoundedQueueTests {
    /// A chain of one place, which is taken from the beginning, and a queue.
    private struct Rig {
        let limit = ConcurrencyLimit(1)
        let queue: BoundedQueue
        let chain: AdmissionChain
        let turns = TurnRecorder()
        let recorder = EventRecorder()

        init(_ discipline: BoundedQueue.Discipline, capacity: Int = 4) {
            queue = BoundedQueue(capacity: capacity, discipline: discipline, observer: recorder)
            chain = AdmissionChain(queue: queue, limits: [limit], observer: recorder)
        }

        func come(_ number: Int, at now: PolicyInstant, deadline: PolicyInstant? = nil) -> AdmissionDecision {
            chain.admit(CallFacts(method: "s/m", deadline: deadline), at: now, onTurn: turns.onTurn(number))
        }
    }

    @Test("calls wait for a place in the order in which they came")
    func order() throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(5)))
        let first = try #require(rig.come(0, at: at(0)).permit)
        let waiting = try #require(rig.come(1, at: at(1)).waiting)
        #expect(waiting.until == at(6))
        #expect(rig.come(2, at: at(2)).waiting != nil)
        first.succeeded(at: at(3))
        let second = try #require(rig.turns.permit(of: 1))
        #expect(second.admittedAt == at(3))
        #expect(rig.turns.turns(of: 2).isEmpty)
        second.succeeded(at: at(4))
        try #require(rig.turns.permit(of: 2)).succeeded(at: at(5))
        #expect(rig.limit.inUse == 0)
        #expect(
            rig.recorder.events.filter { if case .dequeued = $0 { true } else { false } } == [
                .dequeued(policy: "queue", waited: .seconds(2), length: 1, capacity: 4),
                .dequeued(policy: "queue", waited: .seconds(2), length: 0, capacity: 4),
            ])
        #expect(!rig.recorder.events.contains { if case .rejected = $0 { true } else { false } })
    }

    @Test("nobody overtakes those who wait")
    func noOvertaking() throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(5)))
        let first = try #require(rig.come(0, at: at(0)).permit)
        #expect(rig.come(1, at: at(0)).waiting != nil)
        first.succeeded(at: at(1))
        #expect(rig.come(2, at: at(1)).waiting != nil)
        #expect(rig.turns.permit(of: 1) != nil)
    }

    @Test("a full queue turns away, and says how long the queue will take")
    func full() throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(50)), capacity: 3)
        var running = rig.come(0, at: at(0)).permit
        for number in 1...3 { #expect(rig.come(number, at: at(0)).waiting != nil) }
        #expect(
            rig.come(4, at: at(0)).rejection == Rejection(.queueFull, policy: "queue", retryAfter: .after(.seconds(50)))
        )
        // One call every 2 s leaves the queue.
        for number in 1...2 {
            running?.succeeded(at: at(Double(number) * 2))
            running = rig.turns.permit(of: number)
            #expect(running != nil)
        }
        for number in 5...6 { #expect(rig.come(number, at: at(4)).waiting != nil) }
        #expect(rig.queue.expectedWait == .seconds(8))
        #expect(rig.come(7, at: at(4)).rejection?.retryAfter == .after(.seconds(8)))
    }

    @Test("a wait ends at its time, to the nanosecond", arguments: [(-1, false), (0, true), (1, true)])
    func timeout(offset: Int, isOver: Bool) throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(5)))
        let permit = try #require(rig.come(0, at: at(0)).permit)
        let waiting = try #require(rig.come(1, at: at(1)).waiting)
        let now = waiting.until.advanced(byNanoseconds: Int64(offset))
        let next = rig.chain.timerFired(at: now)
        #expect((rig.turns.rejection(of: 1)?.reason == .queueTimeout) == isOver)
        #expect(next == (isOver ? nil : at(6)))
        permit.succeeded(at: now)
        #expect((rig.turns.permit(of: 1) != nil) == !isOver)
    }

    @Test("a place that is free too late is not given to a call whose time is up")
    func late() throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(5)))
        let permit = try #require(rig.come(0, at: at(0)).permit)
        #expect(rig.come(1, at: at(1)).waiting != nil)
        #expect(rig.come(2, at: at(3)).waiting != nil)
        permit.succeeded(at: at(6.5))
        #expect(rig.turns.rejection(of: 1)?.reason == .queueTimeout)
        #expect(rig.turns.permit(of: 2) != nil)
    }

    @Test("no work is begun after a deadline, and none waits whose turn would come after it")
    func deadlines() throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(50)), capacity: 10)
        var running = rig.come(0, at: at(0)).permit
        #expect(rig.come(1, at: at(0), deadline: at(3)).waiting?.until == at(3))
        #expect(rig.come(2, at: at(3), deadline: at(3)).rejection?.retryAfter == .never)
        running?.succeeded(at: at(3))
        #expect(rig.turns.rejection(of: 1) == Rejection(.queueDeadline, policy: "queue", retryAfter: .never))
        // Departures every 2 s: the second in line would wait 4 s.
        running = rig.come(10, at: at(10)).permit
        for number in 11...13 { #expect(rig.come(number, at: at(10)).waiting != nil) }
        for number in 11...12 {
            running?.succeeded(at: at(10 + Double(number - 10) * 2))
            running = rig.turns.permit(of: number)
        }
        #expect(rig.queue.length == 1)
        let rejection = rig.come(14, at: at(14), deadline: at(17.9)).rejection
        #expect(rejection?.reason == .queueDeadline)
        #expect(rejection?.retryAfter == .after(.seconds(4)))
        #expect(rig.come(15, at: at(14), deadline: at(18.1)).waiting != nil)
    }

    @Test("controlled delay: 100 ms while the queue runs empty, 5 ms and the newest first once it has not for 100 ms")
    func controlledDelay() throws {
        let rig = Rig(.controlledDelay, capacity: 10)
        var running = rig.come(0, at: atMilliseconds(0)).permit
        #expect(rig.come(1, at: atMilliseconds(0)).waiting?.until == atMilliseconds(100))
        #expect(rig.come(2, at: atMilliseconds(50)).waiting?.until == atMilliseconds(150))
        #expect(rig.come(3, at: atMilliseconds(99)).waiting?.until == atMilliseconds(199))
        running?.succeeded(at: atMilliseconds(99))  // Not overloaded yet: the oldest.
        running = rig.turns.permit(of: 1)
        #expect(running != nil)
        #expect(rig.come(4, at: atMilliseconds(101)).waiting?.until == atMilliseconds(106))
        #expect(rig.come(5, at: atMilliseconds(103)).waiting?.until == atMilliseconds(108))
        running?.succeeded(at: atMilliseconds(104))  // A standing queue: the newest.
        running = rig.turns.permit(of: 5)
        #expect(running != nil)
        rig.chain.timerFired(at: atMilliseconds(106))
        #expect(rig.turns.rejection(of: 4)?.reason == .queueTimeout)
        #expect(rig.queue.length == 2)
        rig.chain.timerFired(at: atMilliseconds(199))
        #expect(rig.queue.length == 0)
        // It ran empty, but an interval without a loss has not passed.
        let sixth = try #require(rig.come(6, at: atMilliseconds(298)).waiting)
        #expect(sixth.until == atMilliseconds(303))
        #expect(rig.chain.abandon(sixth, at: atMilliseconds(299)))
        #expect(rig.come(7, at: atMilliseconds(300)).waiting?.until == atMilliseconds(400))
    }

    @Test("an abandoned call is not told anything, and gives back what it held")
    func abandoned() throws {
        let bulkhead = Bulkhead(capacity: 5, by: .method, partitions: [:])
        let limit = ConcurrencyLimit(1)
        let turns = TurnRecorder()
        let chain = AdmissionChain(
            [bulkhead], queue: BoundedQueue(capacity: 5, discipline: .firstInFirstOut(timeout: .seconds(1))),
            limits: [limit])
        let permit = try #require(chain.admit(.plain, at: at(0), onTurn: turns.onTurn(0)).permit)
        let waiting = try #require(chain.admit(.plain, at: at(0), onTurn: turns.onTurn(1)).waiting)
        #expect(bulkhead.inUse() == 2)
        #expect(chain.abandon(waiting, at: at(0.1)))
        #expect(!chain.abandon(waiting, at: at(0.1)))
        #expect(bulkhead.inUse() == 1)
        permit.succeeded(at: at(0.2))
        #expect(turns.all.isEmpty)
        #expect(limit.inUse == 0)
    }

    @Test("a permit that is dropped without a word lets the next one in")
    func dropped() throws {
        let rig = Rig(.firstInFirstOut(timeout: .seconds(5)))
        var permit = rig.come(0, at: at(0)).permit
        #expect(permit != nil)
        #expect(rig.come(1, at: at(1)).waiting != nil)
        permit = nil
        #expect(rig.turns.permit(of: 1)?.admittedAt == at(1))
    }
}
