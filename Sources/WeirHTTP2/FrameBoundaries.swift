// SPDX-License-Identifier: Apache-2.0

/// Finds the frame boundaries in the peer's byte stream, so that an incomplete frame header can be kept back.
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

    /// Bytes in a frame header.
    static let headerBytes = 9

    // RFC 9113 §6: types and a flag.
    private static let data: UInt8 = 0
    private static let headers: UInt8 = 1
    private static let continuation: UInt8 = 9
    private static let endHeaders: UInt8 = 4

    init(prefaceBytes: Int) {
        bytesUntilHeader = prefaceBytes
    }

    /// How many of the leading bytes may be handed on: all of them, or all but an incomplete frame header at the end.
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
            let length =
                Int(bytes[position]) << 16 | Int(bytes[position + 1]) << 8 | Int(bytes[position + 2])
            bytesUntilHeader = Self.headerBytes + length
            noteFrame(kind: bytes[position + 3], flags: bytes[position + 4])
        }
    }

    private mutating func noteFrame(kind: UInt8, flags: UInt8) {
        frames &+= 1
        self.kind = kind
        guard kind == Self.headers || kind == Self.continuation else {
            sectionFrame = 0
            return
        }
        if kind == Self.headers { sectionFrame = frames }
        sectionEnds = flags & Self.endHeaders != 0
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
            return UnfinishedInput(part: kind == Self.data ? .data : .frame, frame: frames)
        }
        return headerBytes > 0 ? UnfinishedInput(part: .frame, frame: frames &+ 1) : nil
    }
}
