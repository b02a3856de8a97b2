// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2
package import NIOCore

/// One server-side HTTP/2 connection without any I/O: bytes and facts go in, events and bytes come out.
///
/// The sole owner of an `nghttp2_session`. nghttp2 must never be entered from one of its own callbacks, so callbacks only
/// write down what happened (``events``, ``touched``) and the caller acts on it after C has returned. A session belongs to
/// one loop; ``confinement`` checks that at each entry.
@safe package final class HTTP2Session {
    /// What the caller has to act on, in order.
    package private(set) var events: [HTTP2Event] = []
    /// Streams whose queue or windows changed since they were last looked at.
    package private(set) var touched: [HTTP2Stream] = []
    /// Streams that are open, by number.
    package private(set) var streams: [Int32: HTTP2Stream] = [:]
    /// The stream of the field section that is being received, so that it is not looked up for each field.
    ///
    /// Nothing of another stream comes in between (RFC 9113 §4.3), and one that is closed meanwhile is dropped here too.
    @exclusivity(unchecked) var sectionStream: HTTP2Stream?
    /// Who may send what.
    @exclusivity(unchecked) package var flow: SendFlowController
    /// Frames collected for the wire.
    ///
    /// The driver takes them and leaves the buffer empty.
    package var output: ByteBuffer

    let settings: HTTP2Settings
    /// Traps, in builds with assertions, when the session is entered from another thread or from one of its callbacks.
    private let confinement: () -> Bool
    private var session: OpaquePointer?
    var boundaries: FrameBoundaries
    var heldBack: [UInt8] = []
    /// Frames that had to be written while bytes came in; ``produceOutput(at:)`` hands them out in front of the rest.
    var earlyOutput = ByteBuffer()
    private(set) var settingsAreSent = false
    /// Whether SETTINGS have made a stream's window larger than 2^31-1 (RFC 9113 §6.9.2).
    var windowIsExceeded = false
    /// Whether the peer's first bytes were not the preface of HTTP/2.
    var peerIsForeign = false
    /// Whether nothing more is read: a connection error ends what is read, and the library is not asked for frames any more
    /// when it was the one that failed.
    var inputIsOver = false
    var libraryHasFailed = false
    /// Whether C code is running, so that an entry now would be a re-entry.
    private var isInside = false
    /// The peer's SETTINGS_INITIAL_WINDOW_SIZE.
    var peerInitialWindowBytes = 65_535
    /// Whether connection credit may have become free since the streams that wait for it were last looked at.
    package var connectionWindowChanged = false
    /// The instant of the current entry, for what callbacks write down.
    var now = MonotonicInstant(nanoseconds: 0)
    /// What is held of the peer's bytes, and what its windows cost.
    @exclusivity(unchecked) package var receiving: ReceiveFlowController
    /// How wide the receive windows should be.
    @exclusivity(unchecked) var bandwidth: BandwidthEstimator
    /// Whether receive credit, or room for it, may have changed since it was last settled.
    var receivingChanged = false
    /// SETTINGS_INITIAL_WINDOW_SIZE as last announced.
    package internal(set) var streamReceiveWindowBytes: Int
    /// How wide the estimator would have the windows.
    var measuredWindowBytes = 0
    /// Trailer-sent streams that need RST_STREAM(NO_ERROR), because the request side is still open.
    var resetsAfterTrailers: [HTTP2Stream] = []
    /// What the library said about the last broken frame, for the log.
    package internal(set) var lastLibraryError: HTTP2Error?

    /// Whether the peer has acknowledged SETTINGS of this side (RFC 9113 §6.5.3).
    package internal(set) var settingsAreAcknowledged = false

    /// Whether the peer has reset more streams than it may, so that the connection should end.
    package private(set) var hasTooManyResets = false
    private var resetLimit: ResetLimit
    /// Whether the peer has made this side reset more streams than it may.
    package private(set) var hasProvokedTooManyResets = false
    private var provokedLimit: ResetLimit

    /// Makes a session and submits the server's SETTINGS.
    ///
    /// - Throws: `HTTP2Error` when the library has no memory.
    package init(
        settings: HTTP2Settings, flow: consuming SendFlowController, receiving: consuming ReceiveFlowController,
        confinement: @escaping () -> Bool = { true }
    ) throws(HTTP2Error) {
        self.settings = settings
        unsafe self.flow = flow
        unsafe self.receiving = receiving
        unsafe bandwidth = BandwidthEstimator(
            windowBytes: settings.streamReceiveWindowBytes,
            limitBytes: max(settings.maximumStreamReceiveWindowBytes, settings.maximumConnectionReceiveWindowBytes))
        streamReceiveWindowBytes = settings.streamReceiveWindowBytes
        self.confinement = confinement
        resetLimit = ResetLimit(burst: settings.resetBurst, perSecond: settings.resetsPerSecond)
        provokedLimit = ResetLimit(
            burst: settings.provokedResetBurst, perSecond: settings.provokedResetsPerSecond)
        boundaries = FrameBoundaries(
            prefaceBytes: Int(NGHTTP2_CLIENT_MAGIC_LEN),
            rules: FrameRules(
                maximumContinuations: settings.maxContinuations, maximumStreams: settings.maxConcurrentStreams))
        output = ByteBuffer()
        unsafe session = unsafe try Self.makeSession(
            settings: settings, owner: Unmanaged.passUnretained(self).toOpaque())
        try check(submitSettings())
    }

    deinit {
        unsafe nghttp2_session_del(session)
    }

    // MARK: - Output

    /// Collects frames in ``output`` until nothing is left to send or the output's high watermark is reached.
    ///
    /// - Throws: a connection error; the connection is beyond repair then.
    package func produceOutput(at now: MonotonicInstant) throws(HTTP2Error) {
        self.now = now
        if earlyOutput.readableBytes > 0 {
            output.writeBuffer(&earlyOutput)
            earlyOutput.clear()
        }
        while output.readableBytes < settings.outputHighWatermarkBytes, try produceFrame() {}
    }

    /// Has the library write its next frame, or several of DATA; returns false when it has none.
    func produceFrame() throws(HTTP2Error) -> Bool {
        guard !libraryHasFailed else { return false }
        var chunk: UnsafePointer<UInt8>?
        let before = output.writerIndex
        let count = unsafe enter { unsafe nghttp2_session_mem_send($0, &chunk) }
        if count < 0 { throw Self.connectionError(Int32(count)) }
        if count > 0, let chunk = unsafe chunk {
            unsafe output.writeBytes(UnsafeRawBufferPointer(start: chunk, count: count))
            if !settingsAreSent {
                // The first frame of all (RFC 9113 §3.4).
                settingsAreSent = true
                revealStreamLimit(at: before)
            }
        }
        submitResetsAfterTrailers()
        // 0 bytes do not mean done: DATA frames went straight into the output.
        return count != 0 || output.writerIndex != before
    }

    private func submitResetsAfterTrailers() {
        while let stream = resetsAfterTrailers.popLast() {
            submitReset(stream, code: .noError)
        }
    }

    // MARK: - State

    /// The open streams that are wanted, in the order of their numbers, so that what happens to all of them happens in
    /// the same order in each run.
    package func orderedStreams(where isWanted: (HTTP2Stream) -> Bool = { _ in true }) -> [HTTP2Stream] {
        streams.values.filter(isWanted).sorted { $0.id.rawValue < $1.id.rawValue }
    }

    /// Whether the connection has nothing left to do and should be closed.
    package var isFinished: Bool {
        unsafe earlyOutput.readableBytes == 0 && nghttp2_session_want_read(session) == 0
            && nghttp2_session_want_write(session) == 0
    }

    /// Whether nghttp2 has frames to send now.
    package var wantsOutput: Bool {
        unsafe earlyOutput.readableBytes > 0 || nghttp2_session_want_write(session) != 0
    }

    /// Frames in front of the next DATA.
    ///
    /// While a peer provokes replies without reading them this grows, and the driver stops reading at
    /// ``HTTP2Settings/maxQueuedReplies``.
    package var queuedFrames: Int {
        unsafe nghttp2_session_get_outbound_queue_size(session)
    }

    /// Whether replies have piled up so far that no more input should be taken.
    package var hasTooManyReplies: Bool {
        queuedFrames > settings.maxQueuedReplies || earlyOutput.readableBytes > settings.outputHighWatermarkBytes
    }

    /// nghttp2's own numbers, for tests that compare them with the ledger.
    package func libraryWindows(of stream: HTTP2Stream) -> (stream: Int, connection: Int) {
        unsafe (
            Int(nghttp2_session_get_stream_remote_window_size(session, stream.id.rawValue)),
            Int(nghttp2_session_get_remote_window_size(session))
        )
    }

    /// Takes the events collected so far.
    package func takeEvents() -> [HTTP2Event] {
        guard !events.isEmpty else { return [] }
        var taken: [HTTP2Event] = []
        swap(&taken, &events)
        return taken
    }

    /// Takes the streams to look at.
    package func takeTouched() -> [HTTP2Stream] {
        guard !touched.isEmpty else { return [] }
        var taken: [HTTP2Stream] = []
        swap(&taken, &touched)
        for stream in taken { unsafe stream.isTouched = false }
        return taken
    }

    // MARK: - For callbacks and submissions

    func record(_ event: HTTP2Event) { events.append(event) }

    /// Marks a stream to be looked at after C has returned.
    package func touch(_ stream: HTTP2Stream) {
        guard unsafe !stream.isTouched else { return }
        unsafe stream.isTouched = true
        touched.append(stream)
    }

    func streamOpened(_ id: Int32) -> HTTP2Stream {
        let stream = HTTP2Stream(id: HTTP2StreamID(id), windowBytes: peerInitialWindowBytes, now: now)
        streams[id] = stream
        return stream
    }

    /// The peer's RST_STREAM arrived; called from C.
    func resetReceived(_ id: Int32, code: UInt32) {
        streams[id]?.peerReset = HTTP2ErrorCode(rawValue: code)
        if !resetLimit.take(at: now) { hasTooManyResets = true }
    }

    /// Whether one more stream is within the limit that was announced (RFC 9113 §5.1.2).
    var mayOpenStream: Bool { streams.count < settings.maxConcurrentStreams }

    /// A stream above the limit was refused; called from C.
    func streamRefused() {
        // A peer that has not seen the limit yet cannot keep to it.
        if settingsAreAcknowledged { resetProvoked() }
    }

    /// RST_STREAM left; called from C.
    func resetSent(_ id: Int32) {
        // Those of this side's own are counted where they are decided on.
        if let stream = streams[id], stream.localReset == nil { resetProvoked() }
    }

    /// The peer broke the protocol and a stream is reset for it (CVE-2025-8671).
    package func resetProvoked() {
        if !provokedLimit.take(at: now) { hasProvokedTooManyResets = true }
    }

    func streamClosed(_ id: Int32, code: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        if unsafe sectionStream === stream { unsafe sectionStream = nil }
        unsafe flow.streamEnded(stream)
        discardRequest(of: stream)
        stream.sendState = .closed
        stream.trailers = nil
        connectionWindowChanged = true
        let code = HTTP2ErrorCode(rawValue: code)
        let initiator: HTTP2Error.Initiator =
            stream.localReset != nil ? .local : stream.peerReset != nil ? .peer : code == .noError ? .local : .library
        record(.streamClosed(stream, code: code, initiator: initiator))
    }

    /// Runs `body` with the C session; callbacks run inside.
    func enter<Result>(_ body: (OpaquePointer?) -> Result) -> Result {
        assert(confinement(), "an HTTP/2 session must only be used on its connection's loop")
        assert(!isInside, "an HTTP/2 session must not be entered from one of its callbacks")
        isInside = true
        defer { isInside = false }
        return unsafe body(session)
    }
}
