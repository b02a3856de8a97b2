// SPDX-License-Identifier: Apache-2.0

/// The nine bytes in front of each frame (RFC 9113 §4.1), read.
struct FrameHeader: Equatable {
    /// Bytes of payload that follow.
    let length: Int
    let kind: UInt8
    let flags: UInt8
    /// The stream's number without the reserved bit; 0 is the connection.
    let stream: UInt32

    /// Bytes in a frame header.
    static let byteCount = 9

    // The types of RFC 9113 §6 that have rules of their own here.
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let rstStream: UInt8 = 3
    static let settings: UInt8 = 4
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
    /// A type that nobody has defined, and a receiver ignores (RFC 9113 §5.5).
    static let unassigned: UInt8 = 0xFA

    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4

    /// Reads a header of which all bytes are there.
    init(_ bytes: Span<UInt8>, at position: Int) {
        length = Int(bytes[position]) << 16 | Int(bytes[position + 1]) << 8 | Int(bytes[position + 2])
        kind = bytes[position + 3]
        flags = bytes[position + 4]
        stream = Self.number(bytes, at: position + 5)
    }

    /// Whether the frame is the last that its sender sends on the stream.
    var endsStream: Bool { flags & Self.endStream != 0 && (kind == Self.data || kind == Self.headers) }

    /// A number of 31 bits, as streams and window increments have it.
    static func number(_ bytes: Span<UInt8>, at position: Int) -> UInt32 {
        UInt32(bytes[position] & 0x7F) << 24 | UInt32(bytes[position + 1]) << 16 | UInt32(bytes[position + 2]) << 8
            | UInt32(bytes[position + 3])
    }
}
