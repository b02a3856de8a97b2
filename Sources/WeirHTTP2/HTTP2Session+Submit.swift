// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2
internal import NIOCore

extension HTTP2Session {
    /// Submits the response's field section; DATA and trailers follow.
    package func submitResponse(_ fields: HeaderFields, on stream: HTTP2Stream) {
        guard stream.sendState == .idle else { return }
        stream.sendState = .open
        var provider = unsafe nghttp2_data_provider()
        unsafe provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        unsafe provider.read_callback = readDataCallback
        unsafe submitFields(fields, on: stream) { session, pairs, count in
            unsafe nghttp2_submit_response(session, stream.id.rawValue, pairs, count, &provider)
        }
    }

    /// Submits a response that consists of one field section with END_STREAM (trailers-only).
    package func submitTrailersOnly(_ fields: HeaderFields, on stream: HTTP2Stream) {
        guard stream.sendState == .idle else { return }
        stream.sendState = .finishing
        markResetAfterTrailers(stream)
        unsafe submitFields(fields, on: stream) { session, pairs, count in
            unsafe nghttp2_submit_response(session, stream.id.rawValue, pairs, count, nil)
        }
    }

    /// Ends the response with trailers behind everything queued.
    package func finish(_ trailers: HeaderFields, on stream: HTTP2Stream) {
        guard stream.sendState == .open else { return }
        stream.sendState = .finishing
        markResetAfterTrailers(stream)
        touch(stream)
        if unsafe stream.queue.isEmpty {
            unsafe submitTrailers(trailers, on: stream)
        } else {
            // The read callback submits them with the queue's last bytes.
            stream.trailers = trailers
        }
    }

    /// Ends the response with trailers now, past DATA that cannot move: HEADERS are not flow-controlled (RFC 9113 §6.9).
    ///
    /// Queued DATA is dropped; returns how many bytes that were.
    @discardableResult
    package func truncate(_ trailers: HeaderFields, on stream: HTTP2Stream) -> Int {
        guard stream.sendState == .open || (stream.sendState == .finishing && stream.trailers != nil) else { return 0 }
        let dropped = unsafe flow.discard(stream)
        unsafe flow.leaveQueues(stream)
        stream.trailers = nil
        connectionWindowChanged = true
        stream.sendState = .finishing
        markResetAfterTrailers(stream)
        touch(stream)
        unsafe submitTrailers(trailers, on: stream)
        return dropped
    }

    /// Resets the stream (RFC 9113 §6.4).
    ///
    /// What the peer already holds of the response may be lost to it.
    package func submitReset(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
        guard streams[stream.id.rawValue] === stream, stream.localReset == nil else { return }
        stream.localReset = code
        unsafe flow.discard(stream)
        unsafe flow.leaveQueues(stream)
        connectionWindowChanged = true
        _ = unsafe enter {
            unsafe nghttp2_submit_rst_stream($0, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id.rawValue, code.rawValue)
        }
    }

    /// Answers with a short text and no trailers, for a client that does not speak gRPC.
    ///
    /// The text goes out as the windows open; without a body (HEAD) only its length does.
    package func respond(_ fields: HeaderFields, text: String, hasBody: Bool, on stream: HTTP2Stream) {
        guard stream.sendState == .idle else { return }
        let bytes = ByteBuffer(string: text + "\n")
        guard unsafe !hasBody || flow.admitInParts(bytes.readableBytes, on: stream) else {
            // No memory is left to keep a text in: the fields say what is wrong.
            submitTrailersOnly(fields, on: stream)
            return
        }
        var fields = fields
        fields.append(name: "content-length", value: String(bytes.readableBytes))
        guard hasBody else { return submitTrailersOnly(fields, on: stream) }
        submitResponse(fields, on: stream)
        unsafe stream.queue.append(slice: bytes)
        stream.endsWithData = true
        stream.sendState = .finishing
        markResetAfterTrailers(stream)
    }

    /// Asks the peer for a sign of life (RFC 9113 §6.7).
    ///
    /// Its eight bytes say what it is for.
    package func submitPing(_ ping: HTTP2Ping) {
        _ = unsafe withUnsafeBytes(of: ping.rawValue.bigEndian) { bytes in
            unsafe enter { session in
                unsafe nghttp2_submit_ping(
                    session, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
        }
    }

    /// Announces that the connection will close: GOAWAY with the highest stream number (RFC 9113 §6.8).
    package func submitShutdownNotice() {
        _ = unsafe enter { unsafe nghttp2_submit_shutdown_notice($0) }
    }

    /// Sends GOAWAY with the last stream that was accepted; later ones are refused, earlier ones go on.
    ///
    /// `reason` goes out as its debug data, for people who look at the other end.
    package func submitGoAway(code: HTTP2ErrorCode, reason: String = "") {
        var debugData = Array(reason.utf8)
        _ = unsafe debugData.withUnsafeMutableBufferPointer { bytes in
            unsafe enter { session in
                let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
                return unsafe nghttp2_submit_goaway(
                    session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code.rawValue, bytes.baseAddress, bytes.count)
            }
        }
    }

    /// Ends the connection with GOAWAY, all streams with it.
    package func terminate(code: HTTP2ErrorCode) {
        _ = unsafe enter { unsafe nghttp2_session_terminate_session($0, code.rawValue) }
    }

    /// Asks nghttp2 to call for DATA of this stream again.
    package func resumeData(_ stream: HTTP2Stream) {
        guard unsafe stream.isDeferred, streams[stream.id.rawValue] === stream else { return }
        unsafe stream.isDeferred = false
        _ = unsafe enter { unsafe nghttp2_session_resume_data($0, stream.id.rawValue) }
    }

    /// A DATA frame below the useful size may go out on this stream: nothing more came in the meantime.
    package func allowSmallSend(on stream: HTTP2Stream) {
        stream.smallSendAt = nil
        stream.smallSendIsAllowed = true
        resumeData(stream)
    }

    /// Submits trailers; also called from the read callback, where nghttp2 allows it.
    func submitTrailers(_ trailers: HeaderFields, on stream: HTTP2Stream, insideCallback session: OpaquePointer? = nil)
    {
        stream.trailers = nil
        let submit = { (session: OpaquePointer?) -> Int32 in
            unsafe trailers.withUnsafeNameValues { pairs, count in
                unsafe nghttp2_submit_trailer(session, stream.id.rawValue, pairs, count)
            }
        }
        if unsafe session != nil { _ = unsafe submit(session) } else { _ = unsafe enter(submit) }
    }

    private func submitFields(
        _ fields: HeaderFields, on stream: HTTP2Stream,
        _ submit: (OpaquePointer?, UnsafePointer<nghttp2_nv>?, Int) -> Int32
    ) {
        touch(stream)
        _ = unsafe enter { session in
            unsafe fields.withUnsafeNameValues { pairs, count in unsafe submit(session, pairs, count) }
        }
    }

    /// A response that is complete before the request is must be followed by RST_STREAM(NO_ERROR) (RFC 9113 §8.1), and only
    /// after the trailers were sent: submitted earlier it would overtake them.
    private func markResetAfterTrailers(_ stream: HTTP2Stream) {
        stream.resetsAfterTrailers = true
    }
}

extension HeaderFields {
    /// Hands the fields to C.
    ///
    /// nghttp2 copies names and values before the call returns.
    func withUnsafeNameValues<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
        unsafe withUnsafeFields { base, count, range in
            unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(count, 1)) { pairs in
                for index in 0..<count {
                    let (name, value) = range(index)
                    // nghttp2 reads through these pointers and never writes.
                    unsafe pairs.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: UnsafeMutablePointer(mutating: base.map { unsafe $0 + name.lowerBound }),
                            value: UnsafeMutablePointer(mutating: base.map { unsafe $0 + value.lowerBound }),
                            namelen: name.count, valuelen: value.count,
                            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                }
                return unsafe body(UnsafePointer(pairs.baseAddress), count)
            }
        }
    }
}
