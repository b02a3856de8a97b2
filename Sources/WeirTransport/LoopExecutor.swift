// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import NIOCore
internal import Synchronization
package import WeirHTTP2

/// Runs tasks on one event loop, so that a handler lives on its connection's loop and sending hops no threads.
///
/// The loop runs everything that was `execute`d until nothing is left, so a handler that keeps awaking itself would starve
/// the sockets without any long job. Jobs therefore wait in a queue of this executor's own and run for about
/// ``turnNanoseconds`` at a time; then the loop looks at its sockets before the rest.
///
/// `@unchecked Sendable`: all state but the inbox is confined to the loop, and the inbox has its lock.
package final class LoopExecutor: CallExecutor, @unchecked Sendable {
    /// The loop that jobs run on.
    package let eventLoop: any EventLoop

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isAnnounced = false
    }

    /// The loop's thread, compared in place of asking the loop: that takes two calls through a protocol.
    private let thread: ThreadIdentity
    private var jobs: Deque<UnownedJob> = []
    private var dirty: [any TurnParticipant] = []
    private var isInTurn = false
    private var turnIsScheduled = false
    private let inbox = Mutex(Inbox())

    /// How long jobs may run before the sockets have their turn, in nanoseconds.
    private static let turnNanoseconds: Int64 = 100_000

    /// Makes an executor for this loop, on which it must be called.
    package init(eventLoop: any EventLoop) {
        eventLoop.assertInEventLoop()
        self.eventLoop = eventLoop
        thread = .current
    }

    package var isCurrent: Bool { thread == .current }

    package func execute(_ body: @escaping @Sendable () -> Void) {
        eventLoop.execute(body)
    }

    package func schedule(at instant: MonotonicInstant, _ body: @escaping @Sendable () -> Void) {
        eventLoop.scheduleTask(in: .nanoseconds(instant.nanoseconds(since: now)), body)
    }

    package var now: MonotonicInstant { .now }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if eventLoop.inEventLoop {
            jobs.append(job)
            scheduleTurn()
            return
        }
        let mustAnnounce = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isAnnounced = true }
            return !inbox.isAnnounced
        }
        if mustAnnounce { eventLoop.execute { self.turn() } }
    }

    /// A connection has output to produce or actions to carry out: it has its turn when the running jobs are through.
    func isDirty(_ participant: any TurnParticipant) {
        dirty.append(participant)
        scheduleTurn()
    }

    /// Runs `body`, an event of the loop, and gathers what it wakes for the turn that must follow.
    func gather(_ body: () -> Void) {
        let wasInTurn = isInTurn
        isInTurn = true
        body()
        isInTurn = wasInTurn
    }

    /// Runs jobs and lets connections write, until nothing is left or the time is up.
    package func turn() {
        guard !isInTurn else { return }
        isInTurn = true
        defer { isInTurn = false }
        takeInbox()
        let start = NIODeadline.now()
        while true {
            while let job = jobs.popFirst() {
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
                if (NIODeadline.now() - start).nanoseconds > Self.turnNanoseconds { break }
            }
            takeTurns()
            if jobs.isEmpty, dirty.isEmpty { return }
            if (NIODeadline.now() - start).nanoseconds > Self.turnNanoseconds {
                yieldToSockets()
                return
            }
        }
    }

    private func takeTurns() {
        guard !dirty.isEmpty else { return }
        let participants = dirty
        dirty.removeAll(keepingCapacity: true)
        for participant in participants { participant.takeTurn() }
    }

    private func takeInbox() {
        inbox.withLock { inbox in
            inbox.isAnnounced = false
            guard !inbox.jobs.isEmpty else { return }
            jobs.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
        }
    }

    private func scheduleTurn() {
        guard !isInTurn, !turnIsScheduled else { return }
        turnIsScheduled = true
        eventLoop.assumeIsolated().execute {
            self.turnIsScheduled = false
            self.turn()
        }
    }

    /// Comes back after the loop has looked at its sockets: what is due in the future is not run before that.
    private func yieldToSockets() {
        guard !turnIsScheduled else { return }
        turnIsScheduled = true
        eventLoop.assumeIsolated().scheduleTask(in: .microseconds(10)) {
            self.turnIsScheduled = false
            self.turn()
        }
    }
}

/// A connection, as far as its loop's executor knows it.
protocol TurnParticipant: AnyObject {
    /// Carries out actions and writes what there is to write.
    func takeTurn()
}
