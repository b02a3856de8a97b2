// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2
internal import NIOCore

// The functions nghttp2 calls. Each translates, writes down what happened and returns a code; none of them enters the
// session, runs user code or returns a fatal code for what a peer did. The `user_data` of all of them is the Swift session,
// which outlives the C session it owns.

private func session(_ userData: UnsafeMutableRawPointer?) -> HTTP2Session? {
    unsafe userData.map { unsafe Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

/// The eight bytes of a PING frame as a number.
private func opaqueData(of frame: UnsafePointer<nghttp2_frame>) -> UInt64 {
    unsafe withUnsafeBytes(of: frame.pointee.ping.opaque_data) { bytes in
        UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self))
    }
}

let onBeginHeadersCallback: nghttp2_on_begin_headers_callback = { cSession, frame, userData in
    guard let session = unsafe session(userData), let frame = unsafe frame else { return 0 }
    let id = unsafe frame.pointee.hd.stream_id
    if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
        guard session.mayOpenStream else {
            // The fields are decoded and dropped: nobody has a stream of this number.
            session.streamRefused()
            unsafe session.sectionStream = nil
            return unsafe nghttp2_submit_rst_stream(
                cSession, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_REFUSED_STREAM.rawValue)
        }
        unsafe session.sectionStream = session.streamOpened(id)
        // Incremental, urgency 3, whatever the client signals: streams take turns (RFC 9218 §4.2).
        var priority = nghttp2_extpri(urgency: 3, inc: 1)
        _ = unsafe nghttp2_session_change_extpri_stream_priority(cSession, id, &priority, 1)
    } else {
        let stream = session.streams[id]
        unsafe session.sectionStream = stream
        unsafe stream?.sectionBytes = 0
        unsafe stream?.sectionFields = 0
    }
    return 0
}

/// What is kept of a value in a field section that is too large, in bytes.
private let keptValueBytes = 128

let onHeaderCallback: nghttp2_on_header_callback = {
    cSession, frame, name, nameLength, value, valueLength, _, userData in
    guard let session = unsafe session(userData), let frame = unsafe frame else { return 0 }
    let id = unsafe frame.pointee.hd.stream_id
    guard let stream = unsafe session.sectionStream, stream.id.rawValue == id else { return 0 }
    let (maximumBytes, maximumFields) = (session.settings.maxHeaderListBytes, session.settings.maxHeaderFields)
    let bytes = unsafe stream.sectionBytes + nameLength + valueLength + 32
    let fields = unsafe stream.sectionFields + 1
    unsafe stream.sectionBytes = bytes
    unsafe stream.sectionFields = fields
    if bytes > 4 * maximumBytes || fields > 4 * maximumFields {
        // Beyond this the rest is decoded and thrown away: 40 bombs of 43 MB each cost 20 ms. gRPC clients make
        // RESOURCE_EXHAUSTED of this code, as of the status below the limit.
        return unsafe resetMalformed(cSession, id, NGHTTP2_ENHANCE_YOUR_CALM)
    }
    guard unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
    unsafe stream.requestListBytes = bytes
    unsafe stream.requestListFields = fields
    let name = unsafe UnsafeRawBufferPointer(start: name, count: nameLength)
    var value = unsafe UnsafeRawBufferPointer(start: value, count: valueLength)
    if bytes > maximumBytes || fields > maximumFields {
        // What kind of request it is decides how it is refused; the rest is not needed any more.
        guard unsafe name.first == 0x3A || name.elementsEqual("content-type".utf8) else { return 0 }
        unsafe value = UnsafeRawBufferPointer(rebasing: value.prefix(keptValueBytes))
    }
    unsafe stream.requestFields.append(name: name, value: value)
    return 0
}

/// Resets a stream from within a field section; the rest of the section is decoded and thrown away.
private func resetMalformed(_ cSession: OpaquePointer?, _ id: Int32, _ code: nghttp2_error_code) -> Int32 {
    // nghttp2 allows submissions in callbacks, and would say INTERNAL_ERROR without this one.
    _ = unsafe nghttp2_submit_rst_stream(cSession, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
}

/// A regular field that the library does not hand on.
///
/// RFC 9113 §8.2.1 makes the request malformed for what could be taken for another field (a name that is none, CR, LF or NUL in
/// a value). Other control characters are let pass and left out: they are no gRPC metadata, which "must not error".
let onInvalidHeaderCallback: nghttp2_on_invalid_header_callback = {
    cSession, frame, name, nameLength, value, valueLength, _, _ in
    guard let frame = unsafe frame else { return 0 }
    let name = unsafe UnsafeBufferPointer(start: name, count: nameLength)
    let value = unsafe UnsafeBufferPointer(start: value, count: valueLength)
    let nameIsLegal = unsafe !name.isEmpty && name.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
    let valueIsLegal = unsafe value.allSatisfy { $0 != 0 && $0 != 0x0A && $0 != 0x0D }
    guard !nameIsLegal || !valueIsLegal else { return 0 }
    return unsafe resetMalformed(cSession, frame.pointee.hd.stream_id, NGHTTP2_PROTOCOL_ERROR)
}

let onFrameReceivedCallback: nghttp2_on_frame_recv_callback = { _, frame, userData in
    guard let session = unsafe session(userData), let frame = unsafe frame else { return 0 }
    let header = unsafe frame.pointee.hd
    let ends = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
        guard let stream = unsafe session.sectionStream, stream.id.rawValue == header.stream_id else { return 0 }
        unsafe session.sectionStream = nil
        if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST { session.record(.requestReceived(stream)) }
        if ends { session.requestEnded(stream) }
    case NGHTTP2_DATA.rawValue:
        if ends, let stream = session.streams[header.stream_id] { session.requestEnded(stream) }
    case NGHTTP2_WINDOW_UPDATE.rawValue:
        let increment = unsafe Int(frame.pointee.window_update.window_size_increment)
        session.windowGranted(increment, streamID: header.stream_id)
    case NGHTTP2_SETTINGS.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
        session.settingsAreAcknowledged = true
    case NGHTTP2_SETTINGS.rawValue:
        let settings = unsafe frame.pointee.settings
        for index in unsafe 0..<settings.niv {
            let entry = unsafe settings.iv[index]
            if UInt32(entry.settings_id) == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue {
                session.initialWindowChanged(to: Int(entry.value))
            }
        }
    case NGHTTP2_PING.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0:
        session.pingAcknowledged(unsafe opaqueData(of: frame))
    case NGHTTP2_PING.rawValue:
        unsafe session.flow.pingReceived()
    case NGHTTP2_RST_STREAM.rawValue:
        session.resetReceived(header.stream_id, code: unsafe frame.pointee.rst_stream.error_code)
    case NGHTTP2_GOAWAY.rawValue:
        session.record(.goAwayReceived(HTTP2ErrorCode(rawValue: unsafe frame.pointee.goaway.error_code)))
    default:
        break
    }
    return 0
}

let onDataChunkCallback: nghttp2_on_data_chunk_recv_callback = { _, _, streamID, bytes, count, userData in
    guard let session = unsafe session(userData) else { return 0 }
    // DATA of a stream that is gone is not held, so its credit goes back with what the library itself has ignored.
    guard let stream = session.streams[streamID] else { return 0 }
    session.dataReceived(count, on: stream)
    stream.lastActivity = session.now
    if stream.inbound == nil || stream.inbound?.readableBytes == 0 { session.record(.dataReceived(stream)) }
    var inbound = stream.inbound.take() ?? ByteBuffer()
    unsafe inbound.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
    stream.inbound = inbound
    return 0
}

let onStreamCloseCallback: nghttp2_on_stream_close_callback = { _, streamID, code, userData in
    unsafe session(userData)?.streamClosed(streamID, code: code)
    return 0
}

let onFrameSentCallback: nghttp2_on_frame_send_callback = { _, frame, userData in
    guard let session = unsafe session(userData), let frame = unsafe frame else { return 0 }
    let header = unsafe frame.pointee.hd
    if UInt32(header.type) == NGHTTP2_PING.rawValue {
        if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 { session.pingSent(unsafe opaqueData(of: frame)) }
        return 0
    }
    if UInt32(header.type) == NGHTTP2_RST_STREAM.rawValue {
        session.resetSent(header.stream_id)
        return 0
    }
    let ends = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    guard ends else { return 0 }
    guard let stream = session.streams[header.stream_id], stream.resetsAfterTrailers else { return 0 }
    stream.resetsAfterTrailers = false
    if !stream.requestEnded { session.resetsAfterTrailers.append(stream) }
    return 0
}

let onInvalidFrameCallback: nghttp2_on_invalid_frame_recv_callback = { _, frame, code, userData in
    guard let session = unsafe session(userData), let frame = unsafe frame else { return 0 }
    let id = unsafe frame.pointee.hd.stream_id
    let reason = unsafe nghttp2_strerror(code).map { unsafe String(cString: $0) } ?? "code \(code)"
    session.lastLibraryError = HTTP2Error(
        scope: id == 0 ? .connection : .stream(HTTP2StreamID(id)), code: .protocolError, initiator: .library,
        reason: reason)
    return 0
}

/// nghttp2 asks for DATA of a stream whose windows are open.
let readDataCallback: nghttp2_data_source_read_callback = { cSession, _, _, limit, flags, source, userData in
    guard let session = unsafe session(userData), let source = unsafe source, let pointer = unsafe source.pointee.ptr
    else { return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue) }
    // The stream is in `session.streams` as long as nghttp2 knows it, so the pointer is alive.
    let stream = unsafe Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    return session.nextData(of: stream, limit: limit) { trailers in
        // The last bytes of the response: trailers follow instead of END_STREAM, and nghttp2 wants them submitted here.
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        unsafe session.submitTrailers(trailers, on: stream, insideCallback: cSession)
    } endOfData: {
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    } noCopy: {
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    }
}

/// nghttp2 wants a DATA frame written: its 9-byte header, then the payload straight from the stream's queue.
let sendDataCallback: nghttp2_send_data_callback = { _, frame, frameHeader, count, source, userData in
    guard let session = unsafe session(userData), let source = unsafe source, let pointer = unsafe source.pointee.ptr,
        let frameHeader = unsafe frameHeader
    else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    let stream = unsafe Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    unsafe session.output.writeBytes(
        UnsafeRawBufferPointer(start: frameHeader, count: FrameBoundaries.headerBytes))
    session.dataSent(count, on: stream)
    return 0
}
