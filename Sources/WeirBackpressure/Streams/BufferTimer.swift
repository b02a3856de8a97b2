// SPDX-License-Identifier: Apache-2.0

/// A clock without its type: what a buffered sequence needs of one.
struct BufferTimer: Sendable {
    let clock: PolicyClock
    /// Suspends for so long; throws when the task is cancelled.
    let sleep: @Sendable (Duration) async throws -> Void

    init<C: Clock>(_ clock: C) where C.Duration == Duration {
        self.clock = PolicyClock(clock)
        sleep = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
    }

    /// For policies that say nothing about time.
    static let none = BufferTimer()

    private init() {
        clock = PolicyClock(reading: { PolicyInstant(nanoseconds: 0) })
        sleep = { _ in }
    }
}
