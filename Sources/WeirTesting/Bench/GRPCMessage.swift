// SPDX-License-Identifier: Apache-2.0

/// The text beside a status, as it stands in `grpc-message` (gRPC's protocol page: percent-encoded UTF-8).
package enum GRPCMessage {
    /// The text behind an encoded value; what is not encoded right stays as it is.
    package static func decoded(_ value: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(value.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let number = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(number)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A text for one line of a terminal: without control characters, and no longer than that.
    package static func printable(_ text: String, atMost limit: Int = 200) -> String {
        let kept = text.unicodeScalars.lazy.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: "\u{FFFD}"
            default: scalar
            }
        }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: kept.prefix(limit))
        return String(result)
    }
}
