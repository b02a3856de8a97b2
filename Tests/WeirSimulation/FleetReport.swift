// SPDX-License-Identifier: Apache-2.0

/// What came of a fleet.
package struct FleetReport: Sendable, Equatable {
    /// What was wrong, the first ``mostProblems`` of it; empty when nothing was.
    package internal(set) var problems: [String] = []
    /// How many clients there were.
    package internal(set) var clients = 0
    /// How much virtual time passed, drain excluded.
    package internal(set) var duration = Duration.zero
    /// The trace of all events as one number.
    package internal(set) var traceHash: UInt64 = 0
    /// How many events the trace has.
    package internal(set) var traceCount: UInt64 = 0
    /// Calls that ended, by the profile and the status.
    package internal(set) var ended: [String: Int] = [:]
    /// Messages whose every byte was checked.
    package internal(set) var messages = 0
    /// Payload bytes that were checked.
    package internal(set) var bytes = 0
    /// Streams that the server cut, by cause.
    package internal(set) var stalls: [String: Int] = [:]
    /// Connections that the server closed because their socket took nothing.
    package internal(set) var connectionStalls = 0
    /// The longest that a stream was blocked before it was cut.
    package internal(set) var longestStall = Duration.zero
    /// The most bytes held for clients at any instant.
    package internal(set) var peakHeldBytes = 0
    /// The most bytes held for one connection.
    package internal(set) var peakConnectionBytes = 0
    /// The most bytes taken from the process's budget.
    package internal(set) var peakBudgetBytes = 0

    /// Most problems kept.
    package static let mostProblems = 20

    mutating func note(_ problem: String) {
        if problems.count < Self.mostProblems { problems.append(problem) }
    }
}
