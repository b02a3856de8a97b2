// SPDX-License-Identifier: Apache-2.0

/// The rules for names of metadata (gRPC specification, `doc/PROTOCOL-HTTP2.md`, Custom-Metadata).
enum MetadataName {
    /// The name in lower case, when it may be used by an application.
    ///
    /// Throws `MetadataError.invalidName` or `.reservedName`.
    static func normalized(_ name: String) throws(MetadataError) -> String {
        var hasCapitals = false
        for byte in name.utf8 {
            if byte >= 0x41, byte <= 0x5A {
                hasCapitals = true
            } else if !isValid(byte) {
                throw byte == 0x3A ? .reservedName(name) : .invalidName(name)
            }
        }
        guard !name.isEmpty else { throw .invalidName(name) }
        let lowered = hasCapitals ? lowercased(name) : name
        guard !isReserved(lowered) else { throw .reservedName(lowered) }
        return lowered
    }

    /// The name as it is stored, for looking it up: ASCII capitals lowered, nothing checked.
    static func lookupKey(_ name: String) -> String {
        name.utf8.contains { $0 >= 0x41 && $0 <= 0x5A } ? lowercased(name) : name
    }

    /// Whether values under this name are bytes, which travel in base64.
    static func isBinary(_ name: String) -> Bool {
        name.utf8.suffix(4).elementsEqual("-bin".utf8)
    }

    /// Whether the byte may be part of a name.
    static func isValid(_ byte: UInt8) -> Bool { unfitness(of: byte) == 0 }

    /// 0 for a byte that may be part of a name, else 1: without branches, so that the bytes of a name are not decided on one by one.
    @inline(__always)
    static func unfitness(of byte: UInt8) -> UInt8 {
        let isNoLetter: UInt8 = byte &- 0x61 > 25 ? 1 : 0
        let isNoDigit: UInt8 = byte &- 0x30 > 9 ? 1 : 0
        let isNoDashOrDot: UInt8 = byte &- 0x2D > 1 ? 1 : 0
        let isNoUnderscore: UInt8 = byte == 0x5F ? 0 : 1
        return isNoLetter & isNoDigit & isNoDashOrDot & isNoUnderscore
    }

    /// Whether the name, already in lower case, is the protocol's own and never an application's.
    static func isReserved(_ name: String) -> Bool {
        switch name {
        case "grpc-retry-pushback-ms", "grpc-previous-rpc-attempts":
            // Set by servers, and by the retry logic of clients, through the ordinary metadata (gRFC A6).
            false
        case "te", "content-type", "content-length", "user-agent", "host":
            true
        case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
            true  // Connection-specific, forbidden in HTTP/2 (RFC 9113 §8.2.2).
        default:
            name.utf8.starts(with: "grpc-".utf8)
        }
    }

    private static func lowercased(_ name: String) -> String {
        String(decoding: name.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
