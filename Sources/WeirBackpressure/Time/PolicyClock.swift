// SPDX-License-Identifier: Apache-2.0

/// Reads a clock as ``PolicyInstant``, counted from when this value was made.
///
/// For code outside of a server, which has no event loop to tell the time: `PolicyClock(ContinuousClock())`. All policies
/// that are used together need the same one.
public struct PolicyClock: Sendable {
    private let read: @Sendable () -> PolicyInstant

    /// Reads `clock`, whose present instant becomes the origin.
    public init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let origin = clock.now
        read = { PolicyInstant(origin.duration(to: clock.now)) }
    }

    /// Reads a clock of another kind, such as an event loop's or a test's.
    public init(reading read: @escaping @Sendable () -> PolicyInstant) {
        self.read = read
    }

    /// The present instant.
    public var now: PolicyInstant { read() }
}
