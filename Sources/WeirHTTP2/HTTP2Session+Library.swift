// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2
internal import NIOCore

extension HTTP2Session {
    /// The version of nghttp2 that is linked, such as "1.52.0".
    package static var libraryVersion: String {
        guard let info = unsafe nghttp2_version(0) else { return "unknown" }
        return unsafe String(cString: info.pointee.version_str)
    }

    /// Makes the C session with every option set by name.
    ///
    /// `owner` is the Swift session, unretained: it owns the C session and deletes it before it goes away.
    static func makeSession(
        settings: HTTP2Settings, owner: UnsafeMutableRawPointer
    ) throws(HTTP2Error) -> OpaquePointer {
        var option: OpaquePointer?
        var callbacks: OpaquePointer?
        var session: OpaquePointer?
        guard unsafe nghttp2_option_new(&option) == 0 else { throw outOfMemory }
        defer { unsafe nghttp2_option_del(option) }
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { throw outOfMemory }
        defer { unsafe nghttp2_session_callbacks_del(callbacks) }

        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_no_closed_streams(option, 1)
        // gRPC lets the values of its metadata be trimmed; whoever reads the fields refuses white space elsewhere.
        unsafe nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1)
        // The session's own limit comes first.
        unsafe nghttp2_option_set_stream_reset_rate_limit(
            option, 2 * UInt64(clamping: settings.resetBurst), 2 * UInt64(clamping: settings.resetsPerSecond))
        unsafe nghttp2_option_set_max_continuations(option, 2 * settings.maxContinuations)
        unsafe nghttp2_option_set_max_settings(option, settings.maxSettingsEntries)
        unsafe nghttp2_option_set_max_outbound_ack(option, 2 * settings.maxQueuedReplies)

        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeadersCallback)
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeaderCallback)
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, onInvalidHeaderCallback)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceivedCallback)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunkCallback)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamCloseCallback)
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSentCallback)
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, onInvalidFrameCallback)
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks, sendDataCallback)
        guard unsafe nghttp2_session_server_new2(&session, callbacks, owner, option) == 0, let session = unsafe session
        else {
            throw outOfMemory
        }
        return unsafe session
    }

    /// Announces this side's limits, and that RFC 7540's priorities are off: together with ``markIncremental(_:)`` streams
    /// then take turns on every version of the library.
    ///
    /// The limit on streams goes by another number until it is written: the library ends the whole connection when it is
    /// exceeded, where RFC 9113 §5.1.2 asks for a stream error.
    func submitSettings() -> Int32 {
        let entries = [
            (Int32(Self.hiddenStreamLimit), settings.maxConcurrentStreams),
            (Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), settings.streamReceiveWindowBytes),
            (Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), settings.maxHeaderListBytes),
            (Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), 1),
        ].map { nghttp2_settings_entry(settings_id: $0.0, value: UInt32(clamping: $0.1)) }
        return unsafe enter { session in
            unsafe nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        }
    }

    /// What SETTINGS_MAX_CONCURRENT_STREAMS is called in front of the library, which does not know this number.
    private static let hiddenStreamLimit: UInt16 = 0xF0A5

    /// Gives the limit on streams its own number in the SETTINGS frame that was written at `start` of the output.
    func revealStreamLimit(at start: Int) {
        let entries = stride(from: start + FrameBoundaries.headerBytes, to: output.writerIndex - 5, by: 6)
        for position in entries where output.getInteger(at: position, as: UInt16.self) == Self.hiddenStreamLimit {
            output.setInteger(UInt16(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), at: position)
        }
    }

    /// The largest header list that the peer takes, in bytes as RFC 9113 §6.5.2 counts them, and that the library sends.
    package var maximumSentHeaderListBytes: Int {
        let announced = unsafe enter {
            unsafe nghttp2_session_get_remote_settings($0, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE)
        }
        return min(Int(announced), Self.maximumFieldBlockBytes)
    }

    /// The library sends no larger field block (`NGHTTP2_MAX_HEADERSLEN`), and says so to nobody but a callback.
    ///
    /// It counts 12 bytes for a field where the header list's size has 32, so a list that fits makes a block that fits.
    private static let maximumFieldBlockBytes = 64 * 1024

    static let outOfMemory = HTTP2Error(
        scope: .connection, code: .internalError, initiator: .library, reason: "out of memory")

    func check(_ result: Int32) throws(HTTP2Error) {
        if result != 0 { throw Self.connectionError(result) }
    }

    /// Turns a fatal code of the library into a connection error.
    static func connectionError(_ code: Int32) -> HTTP2Error {
        let http2Code: HTTP2ErrorCode =
            switch code {
            case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: .enhanceYourCalm
            case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue, NGHTTP2_ERR_PROTO.rawValue: .protocolError
            default: .internalError
            }
        let reason = unsafe nghttp2_strerror(code).map { unsafe String(cString: $0) } ?? "code \(code)"
        return HTTP2Error(scope: .connection, code: http2Code, initiator: .library, reason: reason)
    }
}
