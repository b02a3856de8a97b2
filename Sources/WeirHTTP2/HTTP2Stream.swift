// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One stream of a connection: what it received, and what it has to send and may.
///
/// A plain object, confined to its connection's loop like the session that owns it. The session's callbacks and the send
/// flow controller write its fields; the engine reads them and hangs its call on ``owner``.
package final class HTTP2Stream: TimerTableEntry {
    /// How far the response has come.
    package enum SendState: Sendable {
        /// Nothing was sent.
        case idle
        /// The response's field section was submitted; DATA may follow.
        case open
        /// The trailer section was submitted or waits behind queued DATA.
        case finishing
        /// Nothing more can be sent.
        case closed
    }

    package let id: HTTP2StreamID
    /// The engine's call on this stream; cleared when the stream closes, which breaks the cycle.
    package var owner: AnyObject?

    // MARK: Receiving
    /// The request's field section.
    @exclusivity(unchecked) package var requestFields = HeaderFields()
    /// Size of the request's field section in bytes, and the number of its fields.
    ///
    /// Past the soft limits (RFC 9113 §10.5.1) more than ``requestFields`` has: only what the answer depends on is kept then.
    @exclusivity(unchecked) package internal(set) var requestListBytes = 0
    @exclusivity(unchecked) package internal(set) var requestListFields = 0
    /// Bytes of DATA received and not yet handed to the call.
    package var inbound: ByteBuffer?
    /// Whether the stream was counted as begun and not yet as ended.
    package var isCounted = false
    /// Receive credit owed to the peer.
    package var receiveCredit = ReceiveCredit()
    /// Whether the peer has ended its side.
    package var requestEnded = false
    /// Size and number of all fields received in the current section, for the limits.
    @exclusivity(unchecked) var sectionBytes = 0
    @exclusivity(unchecked) var sectionFields = 0

    // MARK: Sending
    package internal(set) var sendState = SendState.idle
    /// Bytes admitted and not yet on their way.
    @exclusivity(unchecked) package var queue = SendQueue()
    /// The peer's window for this stream.
    @exclusivity(unchecked) package var window: SendWindow
    /// Trailers that go out behind the queued bytes.
    var trailers: HeaderFields?
    /// Whether the last DATA frame ends the response: plain HTTP has no trailers.
    var endsWithData = false
    /// Size of the message in the waiting sender's hands, prefix included; 0 when nobody waits.
    @exclusivity(unchecked) package internal(set) var waitingBytes = 0
    /// Whether room for the waiting message was set aside, so that its sender only has to write it.
    @exclusivity(unchecked) package internal(set) var isGranted = false
    /// Whether the granted message goes out in parts, so that nothing of the windows is set aside for it.
    var grantIsInParts = false
    /// Connection credit set aside for queued bytes of whole messages and for a granted message.
    @exclusivity(unchecked) var reservedBytes = 0
    /// Connection credit kept for queued DATA whose turn it is, until it was sent or put off again.
    var turnCreditBytes = 0
    /// What DATA that goes out in parts may still take of its turn; the turn goes on when the connection's window opens.
    var partsTurnBytes = 0
    /// The connection's number of grants at which this stream may pass its share.
    var passesShareAt: UInt64?
    /// The connection's number of grants at which the hold-back that is under way began.
    var heldBackAt: UInt64?
    /// What the stream holds of the connection's window, at most.
    var holding = FairShare.Holding()
    /// Whether nghttp2 asked for DATA and was told to come back later.
    @exclusivity(unchecked) package internal(set) var isDeferred = false
    /// Whether a message that fits no window was admitted and goes out in parts.
    @exclusivity(unchecked) var sendsInParts = false
    /// Whether the stream stands in the queue for connection credit.
    var awaitsConnectionCredit = false
    /// Whether the stream stands among those past their share of the connection's window.
    var yieldsConnectionCredit = false
    /// Whether the stream stands in the queue for a budget.
    var awaitsBudget = false
    /// Bytes this stream may still queue before others that wait for connection credit have their turn.
    @exclusivity(unchecked) var quantumBytes = 0
    /// Whether the connection's window closed in the middle of the stream's turn.
    var turnIsInterrupted = false
    /// Whether the stream got its room in turn with others, and so queues no more than its quantum until it waits again.
    @exclusivity(unchecked) var takesTurns = false
    /// How long a message that the windows cannot finish is held back; see ``SendFlowController/Limits/holdBack``.
    package var holdBack: Duration?
    /// When holding back a message that the windows cannot finish ends.
    @exclusivity(unchecked) package var holdBackUntil: MonotonicInstant?
    /// Whether the windows' small rest may be used for the next message although it cannot be finished.
    @exclusivity(unchecked) package var holdBackIsOver = false
    /// When a DATA frame below the useful size may go out all the same.
    package internal(set) var smallSendAt: MonotonicInstant?
    /// Whether that time has come.
    var smallSendIsAllowed = false
    /// Whether the peer granted credit since the stall clock last started.
    package var creditSinceClockStart = false
    /// Since when the stream is blocked, and why.
    package var stall = StallDetector()
    /// When a byte of the stream was last received or sent.
    package internal(set) var lastActivity: MonotonicInstant
    /// Judges how fast the peer reads, where a minimum rate is set.
    package var rate: RateMonitor?

    // MARK: Deadlines
    package var timerDeadline = MonotonicInstant.distantFuture
    package var timerIndex = -1

    // MARK: Ending
    /// Set when this side submitted RST_STREAM, with its code.
    var localReset: HTTP2ErrorCode?
    /// Set when the peer's RST_STREAM arrived.
    var peerReset: HTTP2ErrorCode?
    /// Whether RST_STREAM(NO_ERROR) must follow the trailers because the request is still open (RFC 9113 §8.1).
    var resetsAfterTrailers = false

    /// Whether the stream is in the session's list of streams to look at.
    @exclusivity(unchecked) var isTouched = false

    init(id: HTTP2StreamID, windowBytes: Int, now: MonotonicInstant) {
        self.id = id
        lastActivity = now
        unsafe window = SendWindow(bytes: windowBytes)
    }

    /// Bytes that wait to be sent, the message in the sender's hands included.
    package var pendingBytes: Int { unsafe queue.byteCount + waitingBytes }

    /// Whether DATA or trailers are still to be sent.
    package var hasUnsentOutput: Bool {
        unsafe !queue.isEmpty || waitingBytes > 0 || (sendState == .finishing && trailers != nil)
    }
}
