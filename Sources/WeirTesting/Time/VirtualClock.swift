// SPDX-License-Identifier: Apache-2.0

internal import HeapModule
internal import Synchronization
internal import WeirHTTP2

/// A clock that stands still until a simulation moves it.
///
/// A service that waits takes its clock as a parameter (`any Clock<Duration>`), a real one in production and this one under
/// test. `Task.sleep(for:)` without a clock waits for real time and does not belong into a simulation.
///
/// Sleeps end in the order of their deadlines, and in the order in which they began where deadlines are equal.
public final class VirtualClock: Clock, Sendable {
    /// A point on a virtual clock: how long after its start.
    public struct Instant: InstantProtocol, CustomStringConvertible {
        /// Nanoseconds since the clock's start.
        public var nanoseconds: Int64

        /// Makes the instant that many nanoseconds after the start.
        public init(nanoseconds: Int64) {
            self.nanoseconds = nanoseconds
        }

        /// The clock's first instant.
        public static let start = Instant(nanoseconds: 0)

        /// How long after the start.
        public var sinceStart: Duration { .nanoseconds(nanoseconds) }

        /// Seconds since the start, such as `61.5s`.
        public var description: String { "\(Double(nanoseconds) / 1e9)s" }

        /// The instant that much later; saturates after about 292 years.
        public func advanced(by duration: Duration) -> Instant {
            let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.saturatedNanoseconds)
            guard overflow else { return Instant(nanoseconds: sum) }
            return Instant(nanoseconds: duration > .zero ? .max : .min)
        }

        /// How long after this instant the other one is.
        public func duration(to other: Instant) -> Duration {
            other.sinceStart - sinceStart
        }

        /// Whether one instant is before the other.
        public static func < (left: Instant, right: Instant) -> Bool {
            left.nanoseconds < right.nanoseconds
        }
    }

    private struct Sleep: Comparable {
        var deadline: Int64
        var number: UInt64

        static func < (left: Sleep, right: Sleep) -> Bool {
            left.deadline == right.deadline ? left.number < right.number : left.deadline < right.deadline
        }
    }

    private struct State {
        var sleeps = Heap<Sleep>()
        /// Those who sleep; a number that is not here any more was cancelled.
        var sleepers: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())
    private let nanoseconds = Atomic<Int64>(0)

    /// Makes a clock that stands at its start.
    public init() {}

    /// The current instant.
    public var now: Instant { Instant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    /// The smallest step: a nanosecond.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many sleep at the moment.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Suspends until the clock was moved to `deadline` or beyond.
    ///
    /// - Throws: `CancellationError` when the task is or was cancelled; nothing is left behind then.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        try Task.checkCancellation()
        guard deadline > now else { return }
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { state in
                    state.sleeps.insert(Sleep(deadline: deadline.nanoseconds, number: number))
                    state.sleepers[number] = continuation
                }
                // A cancellation that came before found nobody to wake.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: UInt64) {
        let sleeper = state.withLock { state in
            defer {
                // Deadlines of cancelled sleeps leave the heap when they come, or when they are most of it.
                if state.sleeps.count > 2 * state.sleepers.count + 64 {
                    let sleepers = state.sleepers
                    state.sleeps = Heap(state.sleeps.unordered.filter { sleepers[$0.number] != nil })
                }
            }
            return state.sleepers.removeValue(forKey: number)
        }
        sleeper?.resume(throwing: CancellationError())
    }

    /// When the next sleep ends.
    var nextDeadline: Int64? {
        state.withLock { state in
            while let first = state.sleeps.min {
                if state.sleepers[first.number] != nil { return first.deadline }
                state.sleeps.removeMin()
            }
            return nil
        }
    }

    /// Deadlines in the heap, those of cancelled sleeps included.
    var pendingDeadlineCount: Int { state.withLock { $0.sleeps.count } }

    /// Moves the clock and wakes those whose deadline has come, in order.
    func advance(to instant: Int64) {
        nanoseconds.store(max(instant, nanoseconds.load(ordering: .relaxed)), ordering: .relaxed)
        while let sleeper = popDue(at: instant) { sleeper.resume() }
    }

    private func popDue(at instant: Int64) -> CheckedContinuation<Void, any Error>? {
        state.withLock { state in
            while let first = state.sleeps.min, first.deadline <= instant {
                state.sleeps.removeMin()
                if let sleeper = state.sleepers.removeValue(forKey: first.number) { return sleeper }
            }
            return nil
        }
    }
}
