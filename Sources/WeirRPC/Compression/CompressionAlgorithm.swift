// SPDX-License-Identifier: Apache-2.0

/// How messages may be compressed on the wire (gRPC specification, `doc/compression.md`).
///
/// The raw value is the name in `grpc-encoding` and `grpc-accept-encoding`.
public enum CompressionAlgorithm: String, Hashable, Sendable, CaseIterable {
    /// Not at all.
    case identity
    /// The gzip format (RFC 1952).
    case gzip
    /// The zlib format (RFC 1950), which HTTP calls deflate (RFC 9110 §8.4.1.2).
    case deflate
}

extension CompressionAlgorithm {
    /// The value of `grpc-accept-encoding` that says what this stack can read.
    package static var acceptedNames: String { "identity,deflate,gzip" }

    /// The algorithm that a `grpc-encoding` names; identity where there is none, nil when it is not known here.
    package init?(encoding: String?) {
        guard let encoding else {
            self = .identity
            return
        }
        self.init(rawValue: encoding)
    }

    /// Whether a peer that sent this `grpc-accept-encoding` takes messages of this algorithm.
    ///
    /// Names are separated by commas, with spaces around them or not. Everybody takes messages that are not compressed.
    package func isAccepted(by acceptEncoding: String?) -> Bool {
        if self == .identity { return true }
        guard let acceptEncoding else { return false }
        return acceptEncoding.utf8.split(separator: 0x2C).contains { part in
            let name = part.drop { $0 == 0x20 || $0 == 0x09 }
            guard name.starts(with: rawValue.utf8) else { return false }
            return name.dropFirst(rawValue.utf8.count).allSatisfy { $0 == 0x20 || $0 == 0x09 }
        }
    }

    /// The most bytes that a message of `byteCount` bytes takes when it cannot be compressed.
    ///
    /// zlib then stores it in blocks; what any compressor adds to incompressible bytes is less than a thousandth and the
    /// header and checksum.
    package static func maximumCompressedBytes(of byteCount: Int) -> Int {
        let (sum, overflow) = byteCount.addingReportingOverflow(byteCount / 1024 + 64)
        return overflow ? .max : sum
    }
}
