// SPDX-License-Identifier: Apache-2.0

/// Measures how long one stream has been blocked without progress.
///
///     moving ──blocked(cause)──► blocked ──no byte moved for the deadline──► stalled
///        ▲                          │
///        └────────unblocked─────────┘        a byte that moves restarts the clock
///
/// Blocked means: has bytes, may not send now. The clock starts when the oldest unsent byte cannot move, and every byte
/// that the window and the kernel take restarts it. Having nothing to send is never blocked.
package struct StallDetector {
    /// Why the stream is blocked; nil while it is not.
    package private(set) var cause: BlockedCause?
    /// When the oldest unsent byte began to wait, or when a byte last moved, whichever is later.
    private var clockStart = MonotonicInstant.distantFuture
    /// Whether the stream's own window is open, so that any byte the connection moves is progress.
    package private(set) var countsConnection = false
    /// The connection's progress when it was last told.
    private var connectionProgress = MonotonicInstant(nanoseconds: .min)
    /// When the stream became blocked, for "stalled for" in messages.
    package private(set) var blockedSince = MonotonicInstant.distantFuture

    /// Makes a detector of a stream that is not blocked.
    package init() {}

    /// The stream has bytes that may not be sent, for this reason.
    ///
    /// - Parameter progressOfConnection: when a byte of the connection last moved, if that is what counts: the stream's
    ///   own window is open, so it only waits for its turn. Nil when the stream's own window is short: then others'
    ///   progress must not keep it alive.
    package mutating func blocked(
        _ newCause: BlockedCause, at now: MonotonicInstant, progressOfConnection: MonotonicInstant?
    ) {
        if cause == nil {
            blockedSince = now
            clockStart = now
        } else if countsConnection, progressOfConnection == nil {
            // Until now the connection's progress counted, so the stream's own clock starts at the latest of it.
            clockStart = max(clockStart, min(connectionProgress, now))
            blockedSince = clockStart
        }
        cause = newCause
        countsConnection = progressOfConnection != nil
        connectionProgress = progressOfConnection ?? connectionProgress
    }

    /// The stream has nothing to send, or may send it.
    package mutating func unblocked() {
        cause = nil
        clockStart = .distantFuture
        blockedSince = .distantFuture
    }

    /// Bytes of the stream moved: the window took them and the connection's output did.
    package mutating func progressed(at now: MonotonicInstant) {
        guard cause != nil else { return }
        clockStart = now
        blockedSince = now
    }

    /// When the stream will have been without progress for `deadline`; nil while it is not blocked.
    ///
    /// - Parameter connectionProgress: when a byte of the connection last moved.
    package func stallInstant(deadline: Duration, connectionProgress: MonotonicInstant) -> MonotonicInstant? {
        guard cause != nil else { return nil }
        return (countsConnection ? max(clockStart, connectionProgress) : clockStart) + deadline
    }
}
