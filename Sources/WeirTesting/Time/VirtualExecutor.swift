// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import Synchronization
package import WeirHTTP2
internal import WeirTransport

/// Runs tasks one after the other, in the order in which they became ready, on the thread that drives the simulation.
///
/// Handlers of a simulated server live here as they live on an event loop in production: task groups, `async let` and
/// actors stay here too. What leaves it (`Task.detached`, a global actor, a wait for real time) comes back at a time that
/// no seed decides; such jobs are run all the same, and counted in ``foreignJobCount``.
package final class VirtualExecutor: CallExecutor {
    private enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }

    private struct State {
        var work: Deque<Work> = []
        var foreignJobCount = 0
    }

    private let state = Mutex(State())
    /// The thread that drives this executor at the moment; 0: none.
    private let driver = Atomic<UInt>(0)

    private let clock: VirtualClock

    /// Makes an executor with nothing to run, whose time is that of `clock`.
    package init(clock: VirtualClock) {
        self.clock = clock
    }

    package var now: MonotonicInstant { MonotonicInstant(nanoseconds: clock.now.nanoseconds) }

    /// Jobs that came from a thread other than the simulation's: if any did, the run cannot be repeated from its seed.
    package var foreignJobCount: Int { state.withLock { $0.foreignJobCount } }

    /// Takes a job; called by the language's runtime.
    package func enqueue(_ job: consuming ExecutorJob) {
        add(.job(UnownedJob(job)))
    }

    package var isCurrent: Bool {
        driver.load(ordering: .relaxed) == ThreadIdentity.current.rawValue
    }

    package func execute(_ body: @escaping @Sendable () -> Void) {
        add(.body(body))
    }

    package func schedule(at instant: MonotonicInstant, _ body: @escaping @Sendable () -> Void) {
        let deadline = VirtualClock.Instant(nanoseconds: instant.nanoseconds)
        Task(executorPreference: self) { [clock] in
            // Nobody cancels it.
            try? await clock.sleep(until: deadline)
            body()
        }
    }

    private func add(_ work: Work) {
        let isForeign = !isCurrent
        state.withLock { state in
            state.work.append(work)
            if isForeign { state.foreignJobCount += 1 }
        }
    }

    /// Makes the calling thread the one that drives this executor while `body` runs.
    func drive<Result>(_ body: () throws -> Result) rethrows -> Result {
        let before = driver.exchange(ThreadIdentity.current.rawValue, ordering: .relaxed)
        defer { driver.store(before, ordering: .relaxed) }
        return try body()
    }

    /// Runs jobs until none is left, or `limit` of them; returns how many.
    ///
    /// Only inside ``drive(_:)``.
    func run(limit: Int) -> Int {
        var count = 0
        while count < limit, let work = state.withLock({ $0.work.popFirst() }) {
            switch work {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            case .body(let body): body()
            }
            count += 1
        }
        return count
    }
}
