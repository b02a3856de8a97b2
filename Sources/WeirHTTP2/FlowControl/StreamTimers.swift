// SPDX-License-Identifier: Apache-2.0

/// The deadlines of a connection's streams.
///
/// A ``TimerTable`` of streams that is compiled here: every call with a deadline enters and leaves it, and seen from another
/// module the table would stay generic, with a call for each comparison.
package struct StreamTimers {
    private var table = TimerTable<HTTP2Stream>()

    /// Makes an empty table.
    package init() {}

    /// How many deadlines there are.
    package var count: Int { table.count }

    /// The earliest deadline.
    package var earliest: MonotonicInstant? { table.earliest }

    /// Sets, moves or (with nil) removes the stream's deadline.
    package mutating func set(_ stream: HTTP2Stream, to deadline: MonotonicInstant?) {
        table.set(stream, to: deadline)
    }

    /// Takes out the earliest stream that is due at `now`.
    package mutating func popDue(at now: MonotonicInstant) -> HTTP2Stream? { table.popDue(at: now) }
}
