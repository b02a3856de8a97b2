// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The bytes that every chunk of `synthetic` is a slice of, made once per process.
///
/// A client can check what it got, since the content follows from the sequence number and the chunk size alone:
///
/// - The stream of random numbers is SplitMix64, started at 0; its numbers are laid out in little-endian order.
/// - *Bytes*: the pattern is the first 1 MiB + 64 KiB of that stream. Chunk `i` of `n` bytes is
///   `pattern[o ..< o + n]` with `o = (i * 4099) mod 65536`. 4099 is odd, so 65,536 chunks pass before one repeats.
/// - *Lines*: the pattern is 64 lines of 4 KiB and one of 1 MiB, each byte of that stream taken modulo 64 as an index
///   into `A-Z a-z 0-9 + -`, and the last byte of each line replaced by a newline. Line `i` of `n` bytes is the last
///   `n` bytes of pattern line `i mod 64`, or, when `n` is over 4,096, of the long one.
package enum SyntheticPattern {
    /// The pattern of the bytes framing: 1,114,112 bytes.
    package static let bytes = randomBytes(count: DatasetRequest.maximumChunkBytes + offsets)

    /// The pattern of the lines framing: 1,310,720 bytes.
    package static let text = textLines()

    /// The offset in ``bytes`` at which a chunk starts.
    package static func offset(ofChunk sequence: UInt64) -> Int {
        // Wrapping is exact here, because the modulus divides two to the power of 64.
        Int((sequence &* 4099) % UInt64(offsets))
    }

    /// The offset in ``text`` at which a line of `chunkBytes` starts, which is between 1 and 1 MiB.
    package static func offset(ofLine sequence: UInt64, chunkBytes: Int) -> Int {
        let end = chunkBytes <= shortLine ? (Int(sequence % UInt64(shortLines)) + 1) * shortLine : textCount
        return end - chunkBytes
    }

    private static let offsets = 65_536
    private static let shortLine = 4_096
    private static let shortLines = 64
    private static let textCount = shortLines * shortLine + DatasetRequest.maximumChunkBytes

    private static func randomBytes(count: Int) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        var state: UInt64 = 0
        while buffer.readableBytes < count {
            buffer.writeInteger(splitMix64(&state), endianness: .little)
        }
        return buffer
    }

    private static func textLines() -> ByteBuffer {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-".utf8)
        var text = randomBytes(count: textCount).readableBytesView.map { alphabet[Int($0 % 64)] }
        for line in 1...shortLines {
            text[line * shortLine - 1] = UInt8(ascii: "\n")
        }
        text[textCount - 1] = UInt8(ascii: "\n")
        return ByteBuffer(bytes: text)
    }

    private static func splitMix64(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
