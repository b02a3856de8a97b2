// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Decides which message of which stream may be queued on a connection, and why one may not.
///
/// The rule: a message is queued only when its stream's queue is short and the open windows can carry it whole, so a
/// blocked stream holds nothing but the message in its sender's hands, and no stall cuts a message. Connection credit for
/// a whole message is set aside when it is queued. A message larger than any window so far goes out in parts, and never
/// takes credit that was set aside.
package struct SendFlowController: ~Copyable {
    /// What may be done with a message.
    package enum Verdict: Equatable {
        /// The windows carry it whole.
        case whole
        /// It is queued alone and goes out as the windows open.
        case inParts
        /// The stream's queue is long enough for now.
        case queueIsFull
        /// It has to wait.
        case blocked(BlockedCause)
    }

    /// The limits, with the defaults of the design's table.
    package struct Limits: Sendable {
        /// A stream queues no more than this, one message alone excepted.
        ///
        /// Bytes.
        package var streamHighWatermarkBytes = 64 * 1024
        /// A suspended sender goes on when no more than this is queued.
        ///
        /// Bytes.
        package var streamLowWatermarkBytes = 32 * 1024
        /// How long a message that the windows cannot finish is held back for a peer not seen to refill early.
        package var holdBack: Duration = .seconds(1)
        /// The smallest DATA frame worth sending while more of the message is to come.
        ///
        /// Bytes.
        package var smallestUsefulBytes = 1024
        /// After this long a smaller one goes out.
        package var smallSendDelay: Duration = .milliseconds(100)
        /// What a stream may queue per turn while others wait for connection credit.
        ///
        /// Bytes.
        package var quantumBytes = 16 * 1024

        package init() {}
    }

    package var limits: Limits
    /// The peer's window for the connection.
    package var window: SendWindow
    /// The connection's send budget.
    package var budget: ConnectionSendBudget
    /// Whether the kernel takes bytes at the moment.
    package var socketIsWritable = true
    /// When a byte of the connection last moved.
    package var lastProgress = MonotonicInstant(nanoseconds: .min)
    /// Connection credit set aside by all streams.
    package internal(set) var reservedBytes = 0
    /// Connection credit kept for queued DATA whose turn it is.
    package internal(set) var turnCreditBytes = 0
    /// Payload bytes that left the streams' queues and that the kernel has not taken; they still count in the budget.
    package private(set) var outputBytes = 0
    /// Streams that wait for connection credit only, in order of arrival.
    var creditQueue: Deque<HTTP2Stream> = []
    /// Streams past their share of a scarce connection window, in order of arrival; served when nobody else waits.
    var yieldQueue: Deque<HTTP2Stream> = []
    /// How much of the connection's window each may hold.
    package internal(set) var share = FairShare()
    /// How many at the front of ``creditQueue`` go on with a turn that the window interrupted.
    var interruptedTurns = 0
    /// Whether a stream that used up its turn waits for the next one, for which there may be credit.
    package internal(set) var hasTurnToGive = false
    /// Streams that wait for a budget, in order of arrival.
    var budgetQueue: Deque<HTTP2Stream> = []
    /// Buffers that the streams' queues share with those of the loop's other connections.
    package var spares: BufferPool

    /// Makes the controller of a new connection: RFC 9113 §6.9.2 gives it a window of 65,535 bytes.
    package init(limits: Limits, budget: consuming ConnectionSendBudget, spares: BufferPool = BufferPool()) {
        self.limits = limits
        self.spares = spares
        self.budget = budget
        window = SendWindow(bytes: 65_535)
    }

    /// Connection credit that nobody has set aside.
    var freeConnectionBytes: Int { window.bytes - reservedBytes - turnCreditBytes }

    /// Connection credit that the stream's queued bytes may use: what nobody has set aside, and what was set aside for its
    /// own bytes behind a message that goes out in parts.
    ///
    /// Without the latter a stream could wait for itself for ever.
    func creditBytes(for stream: HTTP2Stream) -> Int {
        unsafe max(0, freeConnectionBytes) + max(0, stream.reservedBytes - reservedForGrant(of: stream))
            + stream.turnCreditBytes
    }

    /// What may be done now with a message of `count` bytes on `stream`.
    ///
    /// Changes nothing.
    package func verdict(_ count: Int, on stream: HTTP2Stream) -> Verdict {
        let queued = unsafe stream.queue.byteCount
        if queued > 0, queued + count > limits.streamHighWatermarkBytes { return .queueIsFull }
        // While the kernel takes nothing, a queue would only grow: thousands of streams on stuck sockets are as many watermarks.
        if queued > 0, !socketIsWritable { return .blocked(.socket) }
        let streamFree = unsafe stream.window.bytes - queued
        let connectionFree = freeConnectionBytes
        if count <= streamFree, count <= connectionFree { return .whole }
        let fitsNoWindow =
            unsafe stream.holdBackIsOver || count > stream.window.largestBytes || count > window.largestBytes
            || (share.stuckBytes > 0 && count > connectionFree && count > window.fullBytes - share.stuckBytes)
        if queued == 0, fitsNoWindow {
            if streamFree > 0, connectionFree > 0 { return .inParts }
            return .blocked(connectionFree <= 0 ? .connectionWindow : .streamWindow)
        }
        return .blocked(count > connectionFree ? .connectionWindow : .streamWindow)
    }

    /// Whether the stream's own window would carry the message, so that only the connection keeps it waiting.
    func waitsForConnectionOnly(_ count: Int, on stream: HTTP2Stream) -> Bool {
        let streamFree = unsafe stream.window.bytes - stream.queue.byteCount
        return unsafe count <= streamFree || (count > stream.window.largestBytes && streamFree > 0)
    }

    /// Asks for room for a message of `count` bytes, prefix included, from the sender's own turn.
    ///
    /// Returns whether the message may be written to the queue now; the caller then does so with exactly that many bytes.
    @inline(__always)
    package mutating func admit(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard unsafe stream.waitingBytes == 0 else { return false }
        guard let taken = take(count, on: stream, mayPassQueue: false) else { return false }
        if taken == .inParts { unsafe stream.sendsInParts = true }
        return true
    }

    /// Takes memory for a short answer that is queued whatever the windows are, and goes out as they open.
    ///
    /// Only for a stream that has queued nothing and will queue nothing else. False when a budget is used up.
    mutating func admitInParts(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard budget.hold(count) else { return false }
        unsafe stream.sendsInParts = true
        return true
    }

    /// Sets room aside for the message a sender of `stream` waits with, if there is any; returns whether it did.
    mutating func grant(_ stream: HTTP2Stream, atHeadOfQueue: Bool) -> Bool {
        guard unsafe stream.waitingBytes > 0, unsafe !stream.isGranted else { return false }
        guard unsafe stream.queue.byteCount <= limits.streamLowWatermarkBytes else { return false }
        guard let taken = unsafe take(stream.waitingBytes, on: stream, mayPassQueue: atHeadOfQueue) else {
            return false
        }
        unsafe stream.isGranted = true
        stream.grantIsInParts = taken == .inParts
        if atHeadOfQueue { unsafe stream.quantumBytes -= stream.waitingBytes }
        if taken == .inParts { stream.partsTurnBytes = limits.quantumBytes }
        return true
    }

    /// The sender that was granted room writes its message now; returns false when the grant is gone.
    package mutating func redeemGrant(on stream: HTTP2Stream) -> Bool {
        guard unsafe stream.isGranted else { return false }
        unsafe stream.isGranted = false
        unsafe stream.waitingBytes = 0
        if stream.grantIsInParts {
            stream.grantIsInParts = false
            unsafe stream.sendsInParts = true
        }
        return true
    }

    /// The waiting sender gave up (its task was cancelled): room set aside for it is free again.
    package mutating func abandonWaiting(on stream: HTTP2Stream) {
        if unsafe stream.isGranted {
            unsafe budget.release(stream.waitingBytes)
            if !stream.grantIsInParts { unsafe unreserve(stream.waitingBytes, on: stream) }
        }
        unsafe stream.isGranted = false
        stream.grantIsInParts = false
        unsafe stream.waitingBytes = 0
        unsafe stream.holdBackUntil = nil
        unsafe stream.holdBackIsOver = false
    }

    /// A sender begins to wait with a message of this size, prefix included.
    package mutating func startWaiting(_ count: Int, on stream: HTTP2Stream) {
        unsafe stream.waitingBytes = count
        unsafe stream.isGranted = false
        unsafe stream.holdBackIsOver = false
    }

    /// A message that was admitted is not written after all.
    package mutating func returnUnused(_ count: Int, on stream: HTTP2Stream) {
        budget.release(count)
        if unsafe !stream.sendsInParts {
            unreserve(count, on: stream)
        } else if unsafe stream.queue.isEmpty {
            unsafe stream.sendsInParts = false
        }
    }

    /// The kernel holds back no more than `remaining` bytes of the output: the rest is no longer ours.
    package mutating func outputAccepted(remaining: Int) {
        let accepted = outputBytes - min(outputBytes, remaining)
        outputBytes -= accepted
        budget.release(accepted)
    }

    /// How a message would go out if its room were taken now; nil when it has to wait, or others come first.
    ///
    /// Changes nothing, and leaves the budgets to whoever takes it.
    func opportunity(_ count: Int, on stream: HTTP2Stream, mayPassQueue: Bool) -> Verdict? {
        let verdict = verdict(count, on: stream)
        guard verdict == .whole || verdict == .inParts else { return nil }
        if unsafe !mayPassQueue && (stream.takesTurns || !creditQueue.isEmpty) {
            guard unsafe stream.quantumBytes >= count else { return nil }
        }
        if exceedsShare(count, on: stream) {
            // Once its hold-back is over it may go on past its share until the peer grants credit.
            guard unsafe stream.holdBackIsOver || stream.passesShareAt == share.sequence else { return nil }
        }
        return verdict
    }

    /// Takes the room, if there is any; returns how the message will go out.
    mutating func take(_ count: Int, on stream: HTTP2Stream, mayPassQueue: Bool) -> Verdict? {
        guard let verdict = opportunity(count, on: stream, mayPassQueue: mayPassQueue) else { return nil }
        guard budget.hold(count) else { return nil }
        if unsafe !mayPassQueue && (stream.takesTurns || !creditQueue.isEmpty) {
            unsafe stream.quantumBytes -= count
        }
        if exceedsShare(count, on: stream) {
            stream.passesShareAt = share.sequence
            share.probed()
        }
        if verdict == .whole {
            unsafe stream.reservedBytes += count
            reservedBytes += count
        }
        unsafe stream.holdBackUntil = nil
        unsafe stream.holdBackIsOver = false
        return verdict
    }

    /// Whether the window is scarce and the stream would hold more than its share of it.
    func exceedsShare(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard share.isScarce(count, free: freeConnectionBytes, window: window) else { return false }
        let others = creditQueue.count - (stream.awaitsConnectionCredit ? 1 : 0)
        return unsafe share.isUsedUp(
            stream.holding, reserved: stream.reservedBytes, streamWindow: stream.window, connectionWindow: window,
            free: freeConnectionBytes, othersWait: others > 0)
    }

    // MARK: Sending

    /// How many bytes of `stream` may go into a DATA frame of at most `frameLimit` bytes; 0: later.
    func sendableBytes(on stream: HTTP2Stream, frameLimit: Int) -> Int {
        let queued = unsafe stream.queue.byteCount
        let wanted = min(frameLimit, queued)
        let unreserved = unsafe queued - (stream.reservedBytes - reservedForGrant(of: stream))
        guard unreserved > 0 else { return wanted }
        // Others wait for what is left, and this one holds its share already.
        if !creditQueue.isEmpty, !stream.awaitsConnectionCredit, exceedsShare(1, on: stream) { return 0 }
        return min(wanted, creditBytes(for: stream))
    }

    /// DATA with `count` bytes of payload left for the connection's output.
    mutating func dataSent(_ count: Int, on stream: HTTP2Stream) {
        // Called after the bytes left the queue: those without a reservation stand in front and go first.
        let excess = unsafe stream.reservedBytes - reservedForGrant(of: stream) - stream.queue.byteCount
        if excess > 0 { unreserve(excess, on: stream) }
        endTurn(of: stream, using: count)
        stream.partsTurnBytes = max(0, stream.partsTurnBytes - count)
        share.sent(count, &stream.holding)
        unsafe stream.window.sent(count)
        window.sent(count)
        outputBytes += count
        if freeConnectionBytes < 0 {
            // Bytes in front used what was set aside for those behind them, which now go out in parts too.
            let own = unsafe stream.reservedBytes - reservedForGrant(of: stream)
            unreserve(min(own, -freeConnectionBytes), on: stream)
            unsafe stream.sendsInParts = true
        }
        if unsafe stream.queue.isEmpty { unsafe stream.sendsInParts = false }
        if window.bytes <= 0 { windowClosed(behind: stream) }
    }

    /// The peer returned credit of the stream.
    mutating func streamGranted(_ increment: Int, on stream: HTTP2Stream) {
        unsafe stream.window.granted(increment)
        share.returned(increment, &stream.holding)
        // The reader reads: what its connection holds back now is held back anew.
        unsafe stream.holdBackIsOver = false
    }

    /// The peer granted connection credit.
    mutating func connectionGranted(_ increment: Int) {
        let wasUsedUp = window.bytes * 8 < window.fullBytes
        window.granted(increment)
        share.granted(wasUsedUp: wasUsedUp, outstandingBytes: window.fullBytes - window.bytes)
    }

    /// The peer sent a PING: with DATA under way it measures the connection.
    mutating func pingReceived() {
        if window.bytes < window.fullBytes { share.peerIsMeasuring() }
    }

    /// The stream is gone, and with it what it held.
    mutating func streamEnded(_ stream: HTTP2Stream) {
        discard(stream)
        leaveQueues(stream)
    }

    /// Of the stream's reservation, what is for a message that is not queued yet.
    private func reservedForGrant(of stream: HTTP2Stream) -> Int {
        unsafe stream.isGranted && !stream.grantIsInParts ? stream.waitingBytes : 0
    }

    /// Drops what the stream has queued or was granted; returns how many bytes of the peer's will now never be sent.
    @discardableResult
    package mutating func discard(_ stream: HTTP2Stream) -> Int {
        abandonWaiting(on: stream)
        endTurn(of: stream)
        let dropped = unsafe stream.queue.removeAll(spares: &spares)
        budget.release(dropped)
        unsafe unreserve(stream.reservedBytes, on: stream)
        unsafe stream.sendsInParts = false
        stream.smallSendAt = nil
        stream.stall.unblocked()
        return dropped
    }

    /// Gives up reservations of bytes that the peer's smaller window can no longer carry: those messages go in parts.
    mutating func windowShrank(on stream: HTTP2Stream) {
        endTurn(of: stream)
        let promised = unsafe stream.queue.byteCount + reservedForGrant(of: stream)
        guard unsafe stream.reservedBytes > 0, unsafe promised > stream.window.bytes else { return }
        if reservedForGrant(of: stream) > 0 { stream.grantIsInParts = true }
        unsafe unreserve(stream.reservedBytes, on: stream)
        if unsafe !stream.queue.isEmpty { unsafe stream.sendsInParts = true }
    }

    /// Credit kept for a turn of the stream's DATA is used, or, without a count, free for all again.
    mutating func endTurn(of stream: HTTP2Stream, using count: Int = .max) {
        let ended = min(count, stream.turnCreditBytes)
        stream.turnCreditBytes -= ended
        turnCreditBytes -= ended
    }

    mutating func unreserve(_ count: Int, on stream: HTTP2Stream) {
        let amount = unsafe min(count, stream.reservedBytes)
        unsafe stream.reservedBytes -= amount
        reservedBytes -= amount
    }
}

// MARK: - Questions

extension SendFlowController {
    /// Why a stream with unsent output may not send it; nil when it may, or when it only waits for its queue to drain.
    package func blockedCause(of stream: HTTP2Stream) -> BlockedCause? {
        if !socketIsWritable { return .socket }
        if stream.awaitsBudget { return .budget }
        if unsafe stream.waitingBytes > 0, unsafe !stream.isGranted {
            switch unsafe verdict(stream.waitingBytes, on: stream) {
            case .blocked(let cause): return cause
            case .whole, .inParts:
                return stream.awaitsConnectionCredit || stream.yieldsConnectionCredit ? .connectionWindow : nil
            case .queueIsFull: break
            }
        }
        guard unsafe !stream.queue.isEmpty else { return nil }
        // Past its share, with DATA that others' turns keep back: only its own reader brings it on.
        if unsafe stream.yieldsConnectionCredit && stream.isDeferred { return .connectionWindow }
        let hasNoCredit = unsafe stream.sendsInParts && creditBytes(for: stream) <= 0
        if window.bytes <= 0 || hasNoCredit { return .connectionWindow }
        if unsafe stream.window.bytes <= 0 { return .streamWindow }
        return nil
    }

    /// Whether the stream's own window is too small for what it has to send next: then no other stream's progress helps it.
    ///
    /// A stream past its share waits for its own reader too: what that one returns is what brings it back within.
    package func waitsForOwnWindow(_ stream: HTTP2Stream) -> Bool {
        if stream.yieldsConnectionCredit { return true }
        if unsafe !stream.queue.isEmpty { return unsafe stream.window.bytes <= 0 }
        return unsafe stream.waitingBytes > 0 && !waitsForConnectionOnly(stream.waitingBytes, on: stream)
    }
}
