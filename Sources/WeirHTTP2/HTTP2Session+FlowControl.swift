// SPDX-License-Identifier: Apache-2.0

internal import CNGHTTP2
internal import NIOCore

/// What callbacks do about windows and DATA: our ledger is kept here, next to nghttp2's.
extension HTTP2Session {
    func requestEnded(_ stream: HTTP2Stream) {
        guard !stream.requestEnded else { return }
        stream.requestEnded = true
        record(.requestEnded(stream))
    }

    func windowGranted(_ increment: Int, streamID: Int32) {
        if streamID == 0 {
            unsafe flow.connectionGranted(increment)
            connectionWindowChanged = true
        } else if let stream = streams[streamID] {
            unsafe flow.streamGranted(increment, on: stream)
            stream.creditSinceClockStart = true
            touch(stream)
        }
    }

    /// RFC 9113 §6.9.2: the difference applies to all open streams and may make their windows negative.
    func initialWindowChanged(to bytes: Int) {
        let delta = bytes - peerInitialWindowBytes
        peerInitialWindowBytes = bytes
        guard delta != 0 else { return }
        for stream in orderedStreams() {
            // The library resets such a stream; what is asked for is a connection error.
            if unsafe stream.window.bytes + delta > Int(Int32.max) { windowIsExceeded = true }
            unsafe stream.window.initialSizeChanged(by: delta)
            if delta < 0 {
                unsafe flow.windowShrank(on: stream)
            } else {
                stream.creditSinceClockStart = true
            }
            if stream.hasUnsentOutput { touch(stream) }
        }
        connectionWindowChanged = true
    }

    /// Answers nghttp2's question for DATA: how many bytes, or later.
    func nextData(
        of stream: HTTP2Stream, limit: Int, trailersFollow: (HeaderFields) -> Void, endOfData: () -> Void,
        noCopy: () -> Void
    ) -> ssize_t {
        if output.readableBytes >= settings.outputHighWatermarkBytes {
            // One mem_send can emit a whole window: stop while the output is long enough for one write.
            return ssize_t(NGHTTP2_ERR_PAUSE.rawValue)
        }
        if unsafe stream.queue.isEmpty {
            guard let trailers = stream.trailers else {
                unsafe stream.isDeferred = true
                return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
            }
            noCopy()
            trailersFollow(trailers)
            return 0
        }
        let count = unsafe flow.sendableBytes(on: stream, frameLimit: limit)
        if count == 0 || isTooSmallToSend(count, on: stream) {
            unsafe stream.isDeferred = true
            // Nobody is told: what was too little for this one would come back to it, again and again.
            unsafe flow.endTurn(of: stream)
            // Nobody but us resumes DATA that was put off, so it waits for connection credit if that is what is short.
            if unsafe count == 0 || flow.window.bytes < flow.limits.smallestUsefulBytes {
                if unsafe flow.exceedsShare(1, on: stream) {
                    unsafe flow.awaitShare(stream)
                } else {
                    unsafe flow.awaitConnectionCredit(stream)
                }
            }
            touch(stream)
            return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        stream.smallSendAt = nil
        stream.smallSendIsAllowed = false
        noCopy()
        if unsafe count == stream.queue.byteCount, unsafe !stream.isGranted, let trailers = stream.trailers {
            trailersFollow(trailers)
        } else if unsafe count == stream.queue.byteCount, stream.endsWithData {
            endOfData()
        }
        return ssize_t(count)
    }

    /// Sender-side silly-window avoidance: a peer that opens the window a byte at a time (CVE-2019-9511) does not get one-byte
    /// frames, but a useful size, or what there is after a short while.
    private func isTooSmallToSend(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard unsafe count < flow.limits.smallestUsefulBytes, unsafe count < stream.queue.byteCount else {
            return false
        }
        if stream.smallSendIsAllowed { return false }
        if stream.smallSendAt == nil { stream.smallSendAt = unsafe now + flow.limits.smallSendDelay }
        return true
    }

    func dataSent(_ count: Int, on stream: HTTP2Stream) {
        unsafe stream.queue.move(count, into: &output, spares: &flow.spares)
        unsafe flow.dataSent(count, on: stream)
        stream.lastActivity = now
        stream.rate?.moved(count)
        unsafe flow.lastProgress = now
        stream.creditSinceClockStart = false
        stream.stall.progressed(at: now)
        touch(stream)
    }
}
