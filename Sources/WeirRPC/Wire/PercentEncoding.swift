// SPDX-License-Identifier: Apache-2.0

/// The percent-encoding of `grpc-message` (gRPC specification, `doc/PROTOCOL-HTTP2.md`, Status-Message).
package enum PercentEncoding {
    /// The text with every byte outside 0x20-0x24 and 0x26-0x7E written as `%` and two capital hexadecimal digits.
    ///
    /// The result is ASCII and at most `maximumBytes` long; what does not fit is cut off between two scalars. A text
    /// that needs no change is returned as it is, without a copy.
    package static func encode(_ text: String, maximumBytes: Int = .max) -> String {
        let source = text.utf8
        if source.count <= maximumBytes, source.allSatisfy(isPlain) { return text }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(min(maximumBytes, source.count) + 16)
        for scalar in text.unicodeScalars {
            let before = encoded.count
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                if isPlain(byte) {
                    encoded.append(byte)
                } else {
                    encoded.append(0x25)
                    encoded.append(digit(byte >> 4))
                    encoded.append(digit(byte & 0x0F))
                }
            }
            if encoded.count > maximumBytes {
                encoded.removeLast(encoded.count - before)
                break
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text with its escapes undone; never fails.
    ///
    /// A broken escape stays as it is, and bytes that are not UTF-8 become U+FFFD: "the decoder must not error or throw
    /// away invalid values".
    package static func decode(_ text: String) -> String {
        guard text.utf8.contains(0x25) else { return text }
        let source = Array(text.utf8)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            let byte = source[index]
            if byte == 0x25, index + 2 < source.count,
                let high = value(source[index + 1]), let low = value(source[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(byte)
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte <= 0x7E && byte != 0x25
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? value + 0x30 : value + 0x37
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
