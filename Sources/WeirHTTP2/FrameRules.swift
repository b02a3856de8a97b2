// SPDX-License-Identifier: Apache-2.0

/// The rules of RFC 9113 for the order and size of a client's frames that nghttp2 does not keep, or keeps by ending the
/// whole connection where a stream would do.
///
/// All it knows is which streams the peer may still send on. That takes no look-up for a request whose frames follow each
/// other, and one for DATA of requests that alternate.
struct FrameRules {
    /// The stream opened last, if the peer has not ended it; 0 if it has.
    private var current: UInt32 = 0
    /// The other streams that the peer has not ended, those included that this side has reset.
    private var open: Set<UInt32> = []
    /// The highest stream the peer has used (RFC 9113 §5.1.1).
    private var highest: UInt32 = 0
    /// Up to this stream nothing is known any more of those that are not open; frames on them are ignored.
    private var forgottenThrough: UInt32 = 0
    /// Streams that the peer has reset, the last ones, in a ring.
    private var resets: [UInt32] = []
    private var nextReset = 0
    /// Numbers that were passed over, and so never used.
    private var skipped: [ClosedRange<UInt32>] = []
    /// CONTINUATION frames of the field section that is under way; nil between sections.
    private var continuations: Int?

    private let maximumContinuations: Int
    private let maximumOpen: Int

    /// The largest payload that is taken: no other SETTINGS_MAX_FRAME_SIZE is announced (RFC 9113 §4.2).
    static let maximumFrameBytes = 16_384
    /// How many streams are remembered as reset by the peer.
    static let rememberedResets = 128
    /// How many gaps in the peer's numbers are remembered.
    static let rememberedGaps = 32

    /// Makes the rules of a new connection.
    ///
    /// `maximumStreams` are those that may be open at a time: of twice as many that the peer has not ended, those that are
    /// closed are forgotten.
    init(maximumContinuations: Int, maximumStreams: Int) {
        self.maximumContinuations = maximumContinuations
        maximumOpen = 2 * min(max(maximumStreams, 64), 1 << 20)
    }

    /// How many bytes of a frame must be there before it can be judged.
    static func judgedBytes(_ header: FrameHeader) -> Int {
        switch header.kind {
        case FrameHeader.windowUpdate where header.length == 4: FrameHeader.byteCount + 4
        case FrameHeader.priority where header.length == 5: FrameHeader.byteCount + 5
        case FrameHeader.goAway where header.length >= 8 && header.stream == 0: FrameHeader.byteCount + 8
        case FrameHeader.settings where hasJudgedSettings(header): FrameHeader.byteCount + header.length
        default: FrameHeader.byteCount
        }
    }

    /// Takes note of a frame, or says what is wrong with it.
    ///
    /// `bytes` hold as much of it as ``judgedBytes(_:)`` asks for, from `position` on.
    mutating func judge(_ header: FrameHeader, in bytes: Span<UInt8>, at position: Int) -> FrameFault? {
        if header.length > Self.maximumFrameBytes {
            return FrameFault(
                reach: .connection, code: .frameSizeError, reason: "a frame is larger than SETTINGS_MAX_FRAME_SIZE",
                header: header)
        }
        // Within a field section the library takes nothing but its CONTINUATIONs.
        if let count = continuations { return judgeContinuation(header, count) }
        switch header.kind {
        case FrameHeader.data:
            return judgeData(header)
        case FrameHeader.headers:
            continuations = header.flags & FrameHeader.endHeaders == 0 ? 0 : nil
            return judgeHeaders(header)
        case FrameHeader.rstStream:
            if isOpen(header.stream) {
                end(header.stream)
                noteReset(header.stream)
            }
        case FrameHeader.windowUpdate where header.length == 4 && header.stream != 0:
            if FrameHeader.number(bytes, at: position + FrameHeader.byteCount) == 0 {
                return hidden(header, .protocolError, "a WINDOW_UPDATE has an increment of 0")
            }
        case FrameHeader.settings where Self.hasJudgedSettings(header):
            return judgeSettings(header, in: bytes, at: position)
        case FrameHeader.priority:
            return judgePriority(header, in: bytes, at: position)
        case FrameHeader.goAway where header.length >= 8 && header.stream == 0:
            return judgeGoAway(header, in: bytes, at: position)
        default: break
        }
        return nil
    }

    /// The last stream of a client's GOAWAY is one that the server opened (RFC 9113 §6.8).
    ///
    /// There are none, and clients that name one of theirs mean no harm.
    private func judgeGoAway(_ header: FrameHeader, in bytes: Span<UInt8>, at position: Int) -> FrameFault? {
        guard FrameHeader.number(bytes, at: position + FrameHeader.byteCount) != 0 else { return nil }
        let code = (4..<8).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[position + FrameHeader.byteCount + $1]) }
        return FrameFault(
            reach: .nothing, code: HTTP2ErrorCode(rawValue: code), reason: "GOAWAY names a stream",
            header: header, isHidden: true)
    }

    /// The stream was reset for what the peer sent on it: more of that may be on its way, and is ignored.
    mutating func forgive(_ stream: UInt32) { open.insert(stream) }

    /// Whether so many streams are open on the peer's side alone that they should be forgotten.
    var isFull: Bool { open.count > maximumOpen }

    /// Forgets the streams that are not among these.
    mutating func forget(allBut kept: some Sequence<UInt32>) {
        open = Set(kept)
        open.remove(current)
        forgottenThrough = highest
        skipped.removeAll()
    }

    // MARK: - Frames

    private mutating func judgeContinuation(_ header: FrameHeader, _ count: Int) -> FrameFault? {
        guard header.kind == FrameHeader.continuation else { return nil }
        guard count < maximumContinuations else {
            return FrameFault(
                reach: .connection, code: .enhanceYourCalm,
                reason: "a field section has more than \(maximumContinuations) CONTINUATION frames", header: header)
        }
        continuations = header.flags & FrameHeader.endHeaders == 0 ? count + 1 : nil
        return nil
    }

    @inline(__always)
    private mutating func judgeData(_ header: FrameHeader) -> FrameFault? {
        guard isOpen(header.stream) else { return notOpen(header) }
        if header.flags & FrameHeader.endStream != 0 { end(header.stream) }
        return nil
    }

    private mutating func judgeHeaders(_ header: FrameHeader) -> FrameFault? {
        let id = header.stream
        // Even numbers and 0 are the library's: they are never right.
        guard id & 1 == 1 else { return nil }
        guard id > highest else {
            guard isOpen(id) else { return notOpen(header) }
            if header.endsStream { end(id) }
            return nil
        }
        let expected = highest == 0 ? 1 : highest + 2
        if id > expected, skipped.count < Self.rememberedGaps { skipped.append(expected...(id - 2)) }
        highest = id
        if header.endsStream { return nil }
        if current != 0 { open.insert(current) }
        current = id
        return nil
    }

    private func judgePriority(_ header: FrameHeader, in bytes: Span<UInt8>, at position: Int) -> FrameFault? {
        if header.stream == 0 {
            return FrameFault(
                reach: .connection, code: .protocolError, reason: "a PRIORITY frame is on stream 0", header: header)
        }
        guard header.length == 5 else {
            return hidden(header, .frameSizeError, "a PRIORITY frame has not 5 bytes")
        }
        if FrameHeader.number(bytes, at: position + FrameHeader.byteCount) == header.stream {
            return hidden(header, .protocolError, "a stream depends on itself")
        }
        return nil
    }

    /// Each value counts, also one that a later entry of the frame takes the place of: the library looks at the last only
    /// (RFC 9113 §6.5.3).
    private func judgeSettings(_ header: FrameHeader, in bytes: Span<UInt8>, at position: Int) -> FrameFault? {
        let start = position + FrameHeader.byteCount
        for entry in stride(from: start, to: start + header.length, by: 6) {
            let value = UInt32(bytes[entry + 2]) << 24 | FrameHeader.number(bytes, at: entry + 2)
            let code: HTTP2ErrorCode? =
                switch UInt16(bytes[entry]) << 8 | UInt16(bytes[entry + 1]) {
                case 2 where value > 1: .protocolError
                case 4 where value > 0x7FFF_FFFF: .flowControlError
                case 5 where value < 16_384 || value > 0xFF_FFFF: .protocolError
                default: nil
                }
            guard let code else { continue }
            return FrameFault(
                reach: .connection, code: code, reason: "a SETTINGS entry has a value that is not allowed",
                header: header)
        }
        return nil
    }

    /// Whether these are SETTINGS with whole entries, no more than the library takes.
    private static func hasJudgedSettings(_ header: FrameHeader) -> Bool {
        header.length % 6 == 0 && header.length <= 6 * 32 && header.stream == 0 && header.flags & 1 == 0
    }

    // MARK: - Streams

    @inline(__always)
    private func isOpen(_ id: UInt32) -> Bool { id != 0 && (id == current || open.contains(id)) }

    @inline(__always)
    private mutating func end(_ id: UInt32) {
        if id == current { current = 0 } else { open.remove(id) }
    }

    private mutating func noteReset(_ id: UInt32) {
        if resets.count < Self.rememberedResets {
            resets.append(id)
        } else {
            resets[nextReset] = id
            nextReset = (nextReset + 1) % Self.rememberedResets
        }
    }

    /// DATA or HEADERS on a stream that the peer may not send on.
    private func notOpen(_ header: FrameHeader) -> FrameFault? {
        let id = header.stream
        // Idle streams are the library's.
        guard id & 1 == 1, id <= highest, id > forgottenThrough else { return nil }
        if skipped.contains(where: { $0.contains(id) }) {
            return FrameFault(
                reach: .connection, code: header.kind == FrameHeader.headers ? .protocolError : .streamClosed,
                reason: "stream \(id) is below one that was used before", header: header)
        }
        return FrameFault(
            reach: resets.contains(id) ? .stream : .endedStream, code: .streamClosed,
            reason: "a frame is on a stream that its sender had ended", header: header)
    }

    private func hidden(_ header: FrameHeader, _ code: HTTP2ErrorCode, _ reason: String) -> FrameFault? {
        let isIdle = header.stream & 1 == 0 || header.stream > highest
        // The library ends the connection for these frames on an idle stream, but for a dependency on itself.
        if isIdle, code == .frameSizeError || header.kind == FrameHeader.windowUpdate { return nil }
        return FrameFault(
            reach: isIdle ? .connection : .stream, code: code, reason: reason, header: header, isHidden: true)
    }
}
