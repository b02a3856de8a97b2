// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2

/// Receive credit: what is held, and when windows open again.
///
/// nghttp2 keeps one number per window, the bytes received whose credit has not gone back. It returns the credit of padding
/// and of DATA it ignores by itself, sooner or later. What goes back from here is that number minus what is held back on
/// purpose, so no byte can be credited twice and none is forgotten, whichever way a stream ends.
extension HTTP2Session {
    /// Takes the connection's first window from the budget; false when the connection must be refused.
    package func openReceiveWindow() -> Bool { unsafe receiving.open() }

    /// DATA of a stream arrived; called from C.
    func dataReceived(_ count: Int, on stream: HTTP2Stream) {
        stream.receiveCredit.received(count)
        unsafe receiving.received(count)
        unsafe bandwidth.received(count)
        receivingChanged = true
    }

    /// The application took bytes of a stream: room for them is free, and their stream credit goes back.
    package func requestTaken(_ count: Int, on stream: HTTP2Stream) {
        let count = stream.receiveCredit.taken(count)
        guard count > 0 else { return }
        let owed = unsafe receiving.owedBytes
        unsafe receiving.released(count)
        if owed > 0 { receivingChanged = true }
        returnStreamCredit(on: stream)
    }

    /// The application waits for the rest of the message that everything held of the stream is part of.
    package func requestWanted(on stream: HTTP2Stream) {
        guard stream.receiveCredit.withheldBytes > 0 else { return }
        stream.receiveCredit.wanted()
        returnStreamCredit(on: stream)
    }

    /// Nobody will take what is held of the stream.
    ///
    /// Its window stays as it is: the peer is not asked for more.
    package func discardRequest(of stream: HTTP2Stream) {
        stream.inbound = nil
        let count = stream.receiveCredit.discard()
        guard count > 0 else { return }
        unsafe receiving.released(count)
        receivingChanged = true
    }

    /// Returns connection credit, widens windows and measures, as far as there is anything to do.
    package func settleReceiving() {
        guard receivingChanged else { return }
        receivingChanged = false
        unsafe receiving.creditOwed()
        if unsafe receiving.grow() {
            let bytes = unsafe Int32(clamping: receiving.windowBytes)
            _ = unsafe enter {
                unsafe nghttp2_session_set_local_window_size($0, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, bytes)
            }
        }
        widenStreams()
        returnConnectionCredit()
        if settings.measuresBandwidth, unsafe bandwidth.wantsPing {
            unsafe bandwidth.pingSubmitted()
            submitPing(.bandwidth)
        }
    }

    /// Asks the process's budget again for what it had no room for.
    package func retryReceiving() {
        if unsafe receiving.owedBytes > 0 { receivingChanged = true }
        settleReceiving()
    }

    /// The connection is gone.
    package func closeReceiving() {
        for stream in streams.values {
            stream.inbound = nil
            _ = stream.receiveCredit.discard()
        }
        unsafe receiving.close()
    }

    private func returnConnectionCredit() {
        _ = unsafe enter { session in
            let unreturned = unsafe Int(nghttp2_session_get_effective_recv_data_length(session))
            let credit = unsafe receiving.creditDue(of: unreturned)
            guard credit > 0 else { return Int32(0) }
            return unsafe nghttp2_submit_window_update(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(clamping: credit))
        }
    }

    private func returnStreamCredit(on stream: HTTP2Stream) {
        // A peer that has ended its side needs no window, and one that was reset has none.
        guard !stream.requestEnded, stream.localReset == nil, streams[stream.id.rawValue] === stream else { return }
        _ = unsafe enter { session in
            let id = stream.id.rawValue
            let unreturned = unsafe Int(nghttp2_session_get_stream_effective_recv_data_length(session, id))
            let window = unsafe Int(nghttp2_session_get_stream_effective_local_window_size(session, id))
            let credit = unreturned - stream.receiveCredit.withheldBytes
            guard credit > 0, credit >= window / 2 else { return Int32(0) }
            return unsafe nghttp2_submit_window_update(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, Int32(clamping: credit))
        }
    }

    // MARK: - Windows that grow

    /// The peer answered a PING with these bytes; called from C.
    func pingAcknowledged(_ payload: UInt64) {
        switch HTTP2Ping(rawValue: payload) {
        case .drain: record(.pingAcknowledged(.drain))
        case .bandwidth:
            guard let bytes = unsafe bandwidth.pingAcknowledged(at: now) else { return }
            measuredWindowBytes = bytes
            unsafe receiving.raiseTarget(to: min(bytes, settings.maximumConnectionReceiveWindowBytes))
            receivingChanged = true
        case nil: break
        }
    }

    /// A PING left; called from C.
    func pingSent(_ payload: UInt64) {
        if HTTP2Ping(rawValue: payload) == .bandwidth { unsafe bandwidth.pingSent(at: now) }
    }

    /// Widens the streams' windows to what was measured.
    ///
    /// Not beyond the connection's: that would carry nothing more. SETTINGS_INITIAL_WINDOW_SIZE also applies to the streams
    /// that are open (RFC 9113 §6.9.2), once the peer has acknowledged it.
    private func widenStreams() {
        let stream = unsafe min(
            measuredWindowBytes, settings.maximumStreamReceiveWindowBytes, receiving.windowBytes)
        guard stream > streamReceiveWindowBytes else { return }
        streamReceiveWindowBytes = stream
        var entry = nghttp2_settings_entry(
            settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(clamping: stream))
        _ = unsafe enter {
            unsafe nghttp2_submit_settings($0, UInt8(NGHTTP2_FLAG_NONE.rawValue), &entry, 1)
        }
    }

    // MARK: - For tests

    /// nghttp2's own numbers of a receive window.
    package struct LibraryReceiveWindow: Equatable, Sendable {
        /// The window's full width, in bytes.
        package var windowBytes: Int
        /// Bytes received whose credit has not gone back.
        package var unreturnedBytes: Int
        /// What the peer may still send.
        package var openBytes: Int { windowBytes - unreturnedBytes }
    }

    /// nghttp2's numbers of the connection's window, or of a stream's, for tests that compare them with the ledger.
    package func libraryReceiveWindow(of stream: HTTP2Stream? = nil) -> LibraryReceiveWindow {
        unsafe enter { session in
            guard let id = stream?.id.rawValue else {
                return unsafe LibraryReceiveWindow(
                    windowBytes: Int(nghttp2_session_get_effective_local_window_size(session)),
                    unreturnedBytes: Int(nghttp2_session_get_effective_recv_data_length(session)))
            }
            return unsafe LibraryReceiveWindow(
                windowBytes: Int(nghttp2_session_get_stream_effective_local_window_size(session, id)),
                unreturnedBytes: Int(nghttp2_session_get_stream_effective_recv_data_length(session, id)))
        }
    }
}
