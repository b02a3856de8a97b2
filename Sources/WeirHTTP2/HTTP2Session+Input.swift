// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2
package import NIOCore

/// How bytes reach the library: whole frame headers only, and no frame that ``FrameRules`` finds at fault.
extension HTTP2Session {
    /// Feeds bytes from the peer.
    ///
    /// - Throws: a connection error after which nothing more may be fed; what was learned before is still in ``events``.
    package func receive(_ bytes: ByteBuffer, at now: MonotonicInstant) throws(HTTP2Error) {
        self.now = now
        guard !inputIsOver else { return }
        let failure = takeIn(bytes.readableBytesUInt8Span)
        boundaries.forget(
            allBut: streams.values.lazy.filter { !$0.requestEnded }.map { UInt32(bitPattern: $0.id.rawValue) })
        // The library may have ignored bytes that nobody was told of.
        receivingChanged = true
        guard let failure else { return }
        libraryFailed(failure)
        throw failure
    }

    /// What the peer has begun to send and not finished; nil between frames.
    package var unfinishedInput: UnfinishedInput? { boundaries.unfinished(headerBytes: heldBack.count) }

    private func takeIn(_ bytes: Span<UInt8>) -> HTTP2Error? {
        guard !heldBack.isEmpty else { return pass(bytes) }
        // Only the few bytes of a frame that was split where it is judged are ever joined like this.
        var taken = 0
        while heldBack.count < boundaries.judgedBytes(of: heldBack.span) {
            guard taken < bytes.count else { return nil }
            heldBack.append(bytes[taken])
            taken += 1
        }
        let whole = heldBack
        heldBack.removeAll(keepingCapacity: true)
        return pass(whole.span) ?? pass(bytes.extracting(taken...))
    }

    /// Hands bytes on up to their end, or to the end of what is read at all; keeps back what cannot be judged yet.
    private func pass(_ bytes: Span<UInt8>) -> HTTP2Error? {
        var position = 0
        while position < bytes.count, !inputIsOver {
            let rest = bytes.extracting(position...)
            let passable = boundaries.passableBytes(of: rest)
            if let failure = feed(rest.extracting(..<passable)) { return failure }
            guard let fault = boundaries.fault else {
                for index in passable..<rest.count { heldBack.append(rest[index]) }
                return nil
            }
            if fault.reach == .nothing {
                if let failure = feedGoAway(fault.code) { return failure }
            } else {
                guard settle(fault) else { return nil }
            }
            var header = (passable..<(passable + FrameBoundaries.headerBytes)).map { rest[$0] }
            if fault.isHidden { header[3] = FrameHeader.unassigned }
            if let failure = feed(header.span) { return failure }
            boundaries.passFault()
            position += passable + FrameBoundaries.headerBytes
        }
        return nil
    }

    /// Tells the library that the peer goes away, in words that it takes.
    private func feedGoAway(_ code: HTTP2ErrorCode) -> HTTP2Error? {
        let head: [UInt8] = [0, 0, 8, FrameHeader.goAway, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let frame = head + (0..<4).map { UInt8(truncatingIfNeeded: code.rawValue >> (24 - 8 * $0)) }
        return feed(frame.span)
    }

    private func feed(_ bytes: Span<UInt8>) -> HTTP2Error? {
        // An empty call would be counted as a CONTINUATION by nghttp2 1.52.
        guard !bytes.isEmpty else { return nil }
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe enter { unsafe nghttp2_session_mem_recv($0, buffer.baseAddress, buffer.count) }
        }
        if windowIsExceeded, !inputIsOver {
            endConnection(.flowControlError, "SETTINGS_INITIAL_WINDOW_SIZE makes a stream's window too large")
        }
        guard result < 0 else { return nil }
        if result == Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue) { peerIsForeign = true }
        return Self.connectionError(Int32(result))
    }

    // MARK: - Faults

    /// Acts on a fault; returns whether the frame may go on to the library, which ignores it now.
    private func settle(_ fault: FrameFault) -> Bool {
        let id = Int32(bitPattern: fault.header.stream)
        let stream = streams[id]
        let endsConnection = fault.reach == .connection || (fault.reach == .endedStream && stream == nil)
        if endsConnection {
            endConnection(fault.code, fault.reason)
            return false
        }
        lastLibraryError = HTTP2Error(
            scope: .stream(HTTP2StreamID(id)), code: fault.code, initiator: .local, reason: fault.reason)
        resetProvoked()
        guard !hasProvokedTooManyResets else {
            inputIsOver = true
            return false
        }
        boundaries.forgive(fault.header.stream)
        if let stream {
            submitReset(stream, code: fault.code)
        } else {
            _ = unsafe enter {
                unsafe nghttp2_submit_rst_stream($0, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, fault.code.rawValue)
            }
        }
        // Only once it is sent does the library ignore what else comes on the stream; it goes ahead of all DATA.
        swap(&output, &earlyOutput)
        defer { swap(&output, &earlyOutput) }
        do throws(HTTP2Error) {
            while streams[id] != nil, try produceFrame() {}
        } catch {
            libraryFailed(error)
            return false
        }
        return true
    }

    /// A connection error (RFC 9113 §5.4.1): GOAWAY goes out, and nothing more is read.
    private func endConnection(_ code: HTTP2ErrorCode, _ reason: String) {
        lastLibraryError = HTTP2Error(scope: .connection, code: code, initiator: .local, reason: reason)
        inputIsOver = true
        terminate(code: code)
    }

    /// The library is beyond repair: the peer is told with a frame that is written by hand (RFC 9113 §5.4.1).
    ///
    /// One that does not speak HTTP/2 is not told (RFC 9113 §3.4).
    private func libraryFailed(_ error: HTTP2Error) {
        inputIsOver = true
        guard !libraryHasFailed else { return }
        defer { libraryHasFailed = true }
        guard !peerIsForeign else { return }
        swap(&output, &earlyOutput)
        // The first frame of all is SETTINGS (RFC 9113 §3.4); that the library may have no more of it is no news.
        while !settingsAreSent, (try? produceFrame()) == true {}
        swap(&output, &earlyOutput)
        let last = unsafe enter { unsafe nghttp2_session_get_last_proc_stream_id($0) }
        let text = ByteBuffer(string: error.reason)
        earlyOutput.writeInteger(UInt32(8 + text.readableBytes) << 8 | UInt32(NGHTTP2_GOAWAY.rawValue))
        earlyOutput.writeInteger(UInt8(0))
        earlyOutput.writeInteger(UInt32(0))
        earlyOutput.writeInteger(UInt32(bitPattern: last))
        earlyOutput.writeInteger(error.code.rawValue)
        earlyOutput.writeImmutableBuffer(text)
    }
}
