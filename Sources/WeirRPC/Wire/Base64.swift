// SPDX-License-Identifier: Apache-2.0

/// Base64 as gRPC uses it for binary metadata: sent without padding, accepted with and without (RFC 4648 §4).
package enum Base64 {
    /// How many characters `encode` makes of that many bytes.
    package static func encodedByteCount(_ byteCount: Int) -> Int {
        let (triples, rest) = byteCount.quotientAndRemainder(dividingBy: 3)
        return triples * 4 + (rest == 0 ? 0 : rest + 1)
    }

    /// The bytes in base64 without padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(encodedByteCount(bytes.count))
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(character(bits >> bitCount & 0x3F))
            }
        }
        if bitCount > 0 {
            text.append(character(bits << (6 - bitCount) & 0x3F))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` stands for, or nil when it is not base64.
    ///
    /// Padding may be there in full or not at all. Bits that are left over at the end are ignored, as others do.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard let count = unpaddedCount(text) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for index in 0..<count {
            guard let value = value(text[index]) else { return nil }
            bits = bits << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        return bytes
    }

    /// Which part of `text` is base64 without its padding, or nil when it is not base64.
    package static func unpadded(_ text: Span<UInt8>) -> Range<Int>? {
        guard let count = unpaddedCount(text) else { return nil }
        for index in 0..<count where value(text[index]) == nil { return nil }
        return 0..<count
    }

    private static func unpaddedCount(_ text: Span<UInt8>) -> Int? {
        var count = text.count
        if count > 0, count % 4 == 0, text[count - 1] == 0x3D {
            count -= text[count - 2] == 0x3D ? 2 : 1
        }
        return count % 4 == 1 ? nil : count
    }

    /// The bytes that `text` stands for, or nil when it is not base64.
    package static func decode(_ text: String) -> [UInt8]? {
        decode(Array(text.utf8).span)
    }

    private static func character(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        return switch value {
        case 0..<26: value &+ 0x41  // A-Z
        case 26..<52: value &+ 0x47  // a-z, from 26 to 0x61
        case 52..<62: value &- 4  // 0-9, from 52 to 0x30
        case 62: 0x2B  // +
        default: 0x2F  // /
        }
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5A: UInt32(character) - 0x41
        case 0x61...0x7A: UInt32(character) - 0x47
        case 0x30...0x39: UInt32(character) + 4
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
