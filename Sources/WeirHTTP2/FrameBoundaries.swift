// SPDX-License-Identifier: Apache-2.0

/// Finds the frame boundaries in the peer's byte stream, so that an incomplete frame header can be kept back.
///
/// nghttp2 1.52 counts a call that ends inside a 9-byte frame header (RFC 9113 §4.1) as a CONTINUATION and closes honest
/// connections whose headers arrive in more than eight pieces. It is therefore only given whole frame headers.
struct FrameBoundaries {
    /// Bytes until the next frame header starts: at first the connection preface of 24 bytes (RFC 9113 §3.4).
    private var bytesUntilHeader: Int

    /// Bytes in a frame header.
    static let headerBytes = 9

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
        }
    }
}
