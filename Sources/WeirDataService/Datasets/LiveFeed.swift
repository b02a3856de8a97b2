// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization
package import WeirBackpressure

/// Reads `live` through a buffer: every tick is made when it is due, and a policy says which of them a slow client loses.
///
/// What is lost shows in the sequence numbers, in ``DatasetChunk/dropped`` of the next chunk, and in ``dropped``.
package final class LiveFeed {
    /// Ticks that were lost so far.
    package private(set) var dropped: UInt64 = 0

    private var iterator: BufferedSequence<LiveSource>.Iterator
    private var remaining: UInt64
    private var nextSequence: UInt64

    /// Starts a ticker of `rate` ticks per second behind a buffer.
    ///
    /// Throws ``DatasetError/invalid(_:)`` when the request's chunks are too large or the rate is not in ``LiveTicks/rates``.
    package init(
        _ request: DatasetRequest, rate: Double, clock: any LiveClock, policy: LivePolicy,
        observer: (any PolicyObserver)? = nil
    ) throws(DatasetError) {
        _ = try request.effectiveChunkBytes()
        let source = LiveSource(
            start: request.startSequence, periodAttoseconds: try LiveTicks.periodAttoseconds(rate: rate), clock: clock)
        iterator = source.buffered(policy.sendPolicy, clock: LiveTime(clock: clock), observer: observer)
            .makeAsyncIterator()
        remaining = request.maxChunks == 0 ? .max : request.maxChunks
        nextSequence = request.startSequence
    }

    /// The next tick that was not lost, or nil after the last one; suspends until there is one.
    ///
    /// Throws `CancellationError` when the task is cancelled, and `BufferOverflow` when the policy says that the stream ends.
    package func next() async throws -> DatasetChunk? {
        guard remaining > 0, var chunk = try await iterator.next() else { return nil }
        remaining -= 1
        chunk.dropped = chunk.sequence - min(chunk.sequence, nextSequence)
        dropped = dropped.addingReportingOverflow(chunk.dropped).partialValue
        nextSequence = chunk.sequence == .max ? .max : chunk.sequence + 1
        return chunk
    }
}

/// The ticks themselves, each at its time, or at once when that has passed.
struct LiveSource: AsyncSequence, Sendable {
    typealias Element = DatasetChunk

    let start: UInt64
    let periodAttoseconds: Int128
    let clock: any LiveClock

    func makeAsyncIterator() -> Iterator {
        Iterator(source: self)
    }

    struct Iterator: AsyncIteratorProtocol {
        let source: LiveSource
        private var origin: Duration?
        private var tick: UInt64 = 0

        init(source: LiveSource) {
            self.source = source
        }

        mutating func next() async throws -> DatasetChunk? {
            let (sequence, overflow) = source.start.addingReportingOverflow(tick)
            guard !overflow else { return nil }
            let clock = source.clock
            let origin = self.origin ?? clock.now()
            self.origin = origin
            try Task.checkCancellation()
            let due = origin + Duration(attoseconds: Int128(tick) * source.periodAttoseconds)
            while clock.now() < due { try await clock.sleep(until: due) }
            tick += 1
            return DatasetChunk(
                sequence: sequence, payload: ByteBuffer(string: "tick \(sequence) \(clock.unixMilliseconds())\n"))
        }
    }
}

/// The ticker's clock, as the language knows clocks.
private struct LiveTime: Clock {
    struct Instant: InstantProtocol {
        var sinceOrigin: Duration

        func advanced(by duration: Duration) -> Instant { Instant(sinceOrigin: sinceOrigin + duration) }
        func duration(to other: Instant) -> Duration { other.sinceOrigin - sinceOrigin }
        static func < (left: Instant, right: Instant) -> Bool { left.sinceOrigin < right.sinceOrigin }
    }

    let clock: any LiveClock

    var now: Instant { Instant(sinceOrigin: clock.now()) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await clock.sleep(until: deadline.sinceOrigin)
    }
}
