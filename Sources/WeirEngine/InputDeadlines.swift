// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2

/// By when what a peer has begun to send must be whole, and by when it must have acknowledged SETTINGS.
///
/// All instants are those of the connection's ``ReceiveClock``.
struct InputDeadlines {
    /// When the unfinished thing has to be whole; ``MonotonicInstant/distantFuture`` when nothing is unfinished.
    private(set) var unfinishedDue: MonotonicInstant
    /// When SETTINGS have to be acknowledged.
    private(set) var acknowledgementDue = MonotonicInstant.distantFuture

    private let handshakeNanoseconds: Int64
    private let frameNanoseconds: Int64
    /// The frame with which the unfinished thing began.
    private var frame: UInt64 = 0
    private var handshakeIsOver = false

    /// Makes the deadlines of a connection that was opened at `time`.
    init(handshake: Duration, frame: Duration, at time: MonotonicInstant) {
        handshakeNanoseconds = handshake.saturatedNanoseconds
        frameNanoseconds = frame.saturatedNanoseconds
        unfinishedDue = time.advanced(byNanoseconds: handshakeNanoseconds)
    }

    /// The earlier of both.
    var earliest: MonotonicInstant { min(unfinishedDue, acknowledgementDue) }

    /// Bytes arrived.
    ///
    /// Those of a DATA frame begin its time anew: on a slow link one takes long, and whoever waits for what it carries has a
    /// clock of its own. What else has begun must be whole in time, however many bytes of it trickle in.
    mutating func received(_ unfinished: UnfinishedInput?, isAcknowledged: Bool, at time: MonotonicInstant) {
        if isAcknowledged { acknowledgementDue = .distantFuture }
        guard let unfinished else {
            unfinishedDue = .distantFuture
            return endHandshake(isAcknowledged, at: time)
        }
        guard unfinished.frame > 0 else { return }
        if unfinished.part == .data || unfinished.frame != frame || unfinishedDue == .distantFuture {
            frame = unfinished.frame
            unfinishedDue = time.advanced(byNanoseconds: frameNanoseconds)
        }
        endHandshake(isAcknowledged, at: time)
    }

    /// An unfinished DATA frame has as much time again.
    mutating func restart(at time: MonotonicInstant) {
        unfinishedDue = time.advanced(byNanoseconds: frameNanoseconds)
    }

    /// The peer has sent its part of the handshake; what is left is to acknowledge ours.
    private mutating func endHandshake(_ isAcknowledged: Bool, at time: MonotonicInstant) {
        guard !handshakeIsOver else { return }
        handshakeIsOver = true
        if !isAcknowledged { acknowledgementDue = time.advanced(byNanoseconds: handshakeNanoseconds) }
    }
}
