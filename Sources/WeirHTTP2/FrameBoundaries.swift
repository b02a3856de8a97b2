// SPDX-License-Identifier: Apache-2.0

/// Finds the frame boundaries in the peer's byte stream, so that an incomplete frame header can be kept back and a frame that
/// must not pass is seen before the library sees it.
///
/// nghttp2 1.52 counts a call that ends inside a 9-byte frame header (RFC 9113 §4.1) as a CONTINUATION and closes honest
/// connections whose headers arrive in more than eight pieces. It is therefore only given whole frame headers. It has no
/// timers either, so what the peer is in the middle of is known here.
struct FrameBoundaries {
    /// Bytes until the next frame header starts: at first the connection preface of 24 bytes (RFC 9113 §3.4).
    private var bytesUntilHeader: Int
    /// Frame headers that were seen whole.
    private var frames: UInt64 = 0
    /// The type of the last of these frames.
    private var kind: UInt8 = 0
    /// The number of the HEADERS frame that began the field section of the last frame; 0 when that is part of none.
    private var sectionFrame: UInt64 = 0
    /// Whether the section ends with the last frame.
    private var sectionEnds = false

    /// What the frames are held against; nil: nothing.
    private var rules: FrameRules?
    /// What is wrong with the frame at which the last bytes stopped passing; nil when they passed to their end.
    private(set) var fault: FrameFault?

    /// Bytes in a frame header.
    static let headerBytes = FrameHeader.byteCount

    init(prefaceBytes: Int, rules: FrameRules? = nil) {
        bytesUntilHeader = prefaceBytes
        self.rules = rules
    }

    /// How many bytes of the frame that begins here must be there before any of it may pass, as far as is known.
    func judgedBytes(of bytes: Span<UInt8>) -> Int {
        guard rules != nil, bytes.count >= Self.headerBytes else { return Self.headerBytes }
        return FrameRules.judgedBytes(FrameHeader(bytes, at: 0))
    }

    /// How many of the leading bytes may be handed on: all of them, or all but an incomplete frame header at the end.
    ///
    /// If ``fault`` is set, those in front of the frame that has it.
    mutating func passableBytes(of bytes: Span<UInt8>) -> Int {
        var position = 0
        while true {
            let rest = bytes.count - position
            if bytesUntilHeader >= rest {
                bytesUntilHeader -= rest
                return bytes.count
            }
            position += bytesUntilHeader
            bytesUntilHeader = 0
            guard bytes.count - position >= Self.headerBytes else { return position }
            let header = FrameHeader(bytes, at: position)
            if rules != nil {
                guard bytes.count - position >= FrameRules.judgedBytes(header) else { return position }
                if let found = rules?.judge(header, in: bytes, at: position) {
                    fault = found
                    return position
                }
            }
            bytesUntilHeader = Self.headerBytes + header.length
            noteFrame(kind: header.kind, flags: header.flags)
        }
    }

    /// The header of the frame that has a ``fault`` was handed on all the same.
    mutating func passFault() {
        guard let header = fault?.header else { return }
        fault = nil
        bytesUntilHeader = header.length
        noteFrame(kind: header.kind, flags: header.flags)
    }

    /// The stream was reset for a fault of the peer's; see ``FrameRules/forgive(_:)``.
    mutating func forgive(_ stream: UInt32) { rules?.forgive(stream) }

    /// Keeps what is known of the peer's streams within its limit; `open` are those that live.
    mutating func forget(allBut open: some Sequence<UInt32>) {
        if rules?.isFull == true { rules?.forget(allBut: open) }
    }

    private mutating func noteFrame(kind: UInt8, flags: UInt8) {
        frames &+= 1
        self.kind = kind
        guard kind == FrameHeader.headers || kind == FrameHeader.continuation else {
            sectionFrame = 0
            return
        }
        if kind == FrameHeader.headers { sectionFrame = frames }
        sectionEnds = flags & FrameHeader.endHeaders != 0
    }

    /// What the peer is in the middle of, with so many bytes of a frame header kept back; nil when nothing is missing.
    func unfinished(headerBytes: Int) -> UnfinishedInput? {
        if frames <= 1 {
            if frames == 0 { return UnfinishedInput(part: bytesUntilHeader > 0 ? .preface : .settings, frame: 0) }
            if bytesUntilHeader > 0 { return UnfinishedInput(part: .settings, frame: 0) }
        }
        if sectionFrame > 0, bytesUntilHeader > 0 || !sectionEnds {
            return UnfinishedInput(part: .fieldSection, frame: sectionFrame)
        }
        if bytesUntilHeader > 0 {
            return UnfinishedInput(part: kind == FrameHeader.data ? .data : .frame, frame: frames)
        }
        return headerBytes > 0 ? UnfinishedInput(part: .frame, frame: frames &+ 1) : nil
    }
}
