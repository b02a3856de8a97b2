// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The time as `live` sees it, so that tests can set it.
package protocol LiveClock: Sendable {
    /// The time since some fixed instant; it never goes back.
    func now() -> Duration

    /// The milliseconds since 1970-01-01 00:00:00 UTC, which a person may set back.
    func unixMilliseconds() -> Int64

    /// Suspends until `now()` is at least `deadline`; throws `CancellationError` as soon as the task is cancelled.
    func sleep(until deadline: Duration) async throws
}

/// The clock of the machine.
package struct SystemLiveClock: LiveClock {
    private let origin = ContinuousClock.now

    /// Makes a clock whose time starts at zero now.
    package init() {}

    package func now() -> Duration {
        origin.duration(to: .now)
    }

    package func unixMilliseconds() -> Int64 {
        var time = timespec()
        // The only failures are an unknown clock and a bad pointer.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    package func sleep(until deadline: Duration) async throws {
        try await Task.sleep(until: origin.advanced(by: deadline), clock: .continuous)
    }
}
