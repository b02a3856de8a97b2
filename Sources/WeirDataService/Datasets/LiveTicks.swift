// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads `live`: a ticker that never ends and never waits for its consumer.
///
/// Tick `k` is due at the fixed instant `origin + k / rate`, where the origin is the first call of ``next()``; the first
/// tick is therefore due at once. A consumer that comes late gets the latest tick that is due, with the number it
/// missed in ``DatasetChunk/dropped``, so it is never more than one tick behind the time. A chunk's sequence number is
/// its tick's number plus the request's start, and its payload is one line: `tick`, the sequence number and the Unix
/// time in milliseconds, separated by spaces. The request's limit counts the ticks that are sent.
package final class LiveTicks {
    /// The rates at which a ticker can run, in ticks per second.
    package static let rates = 0.001...1_000_000.0

    private let clock: any LiveClock
    private let periodAttoseconds: Int128
    private var cursor: ChunkCursor
    private var origin: Duration?
    private var nextTick: UInt64 = 0

    /// Starts a ticker of `rate` ticks per second.
    ///
    /// Throws ``DatasetError/invalid(_:)`` when the request's chunks are too large or the rate is not in ``rates``.
    package init(_ request: DatasetRequest, rate: Double, clock: any LiveClock) throws(DatasetError) {
        _ = try request.effectiveChunkBytes()
        self.periodAttoseconds = try Self.periodAttoseconds(rate: rate)
        self.clock = clock
        self.cursor = ChunkCursor(request)
    }

    /// The next tick, or nil after the last one; suspends until a tick is due.
    ///
    /// Throws `CancellationError` when the task is cancelled, also while it waits. No tick is lost by that.
    package func next() async throws -> DatasetChunk? {
        guard cursor.sequence != nil else { return nil }
        let origin = self.origin ?? clock.now()
        self.origin = origin
        while true {
            try Task.checkCancellation()
            let latest = latestTick(at: clock.now(), since: origin)
            if latest >= nextTick {
                return take(latest)
            }
            try await clock.sleep(until: origin + due(nextTick))
        }
    }

    /// The attoseconds between two ticks; throws ``DatasetError/invalid(_:)`` when the rate is not in ``rates``.
    ///
    /// A whole number, so that the instants never drift and a tick is due exactly when the division says so.
    static func periodAttoseconds(rate: Double) throws(DatasetError) -> Int128 {
        // A rate that is not a number is in no range.
        guard rates.contains(rate) else {
            throw .invalid("the rate of live is \(rate) per second, and must be from \(rates.lowerBound) to 1000000")
        }
        return Int128((1e18 / rate).rounded())
    }

    private func take(_ latest: UInt64) -> DatasetChunk? {
        let dropped = latest - nextTick
        cursor.skip(dropped)
        guard let sequence = cursor.sequence else { return nil }
        nextTick = latest == .max ? latest : latest + 1
        cursor.advance()
        let payload = ByteBuffer(string: "tick \(sequence) \(clock.unixMilliseconds())\n")
        return DatasetChunk(sequence: sequence, payload: payload, dropped: dropped)
    }

    /// The time from the origin to a tick.
    ///
    /// The product fits: a tick that is waited for is the one after the latest that was due, or the first.
    private func due(_ tick: UInt64) -> Duration {
        Duration(attoseconds: Int128(tick) * periodAttoseconds)
    }

    private func latestTick(at now: Duration, since origin: Duration) -> UInt64 {
        UInt64(clamping: max(0, (now - origin).attoseconds) / periodAttoseconds)
    }
}
