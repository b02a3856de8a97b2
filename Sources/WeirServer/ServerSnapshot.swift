// SPDX-License-Identifier: Apache-2.0

/// What a server holds at one moment; all zero when it is idle.
public struct ServerSnapshot: Sendable, Equatable {
    /// Open connections.
    public var connections = 0
    /// Open streams.
    public var streams = 0
    /// Handlers that run, those that ignore their cancellation included.
    public var handlers = 0
    /// Bytes held for clients: queued messages, and output that the kernel has not taken.
    public var heldBytes = 0
    /// Bytes of requests that arrived and that no handler has taken.
    public var receivedBytes = 0
    /// Sends that are suspended.
    public var suspendedSenders = 0
    /// Deadlines that are armed.
    public var timers = 0

    /// Makes a snapshot of nothing.
    public init() {}
}
