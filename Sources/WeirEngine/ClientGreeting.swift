// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Tells by a connection's first bytes whether its client speaks HTTP/2 at all.
///
/// Such a client begins with `PRI * HTTP/2.0` (RFC 9113 §3.4). Until that is certain the server says nothing: SETTINGS would be
/// the first thing that a client of HTTP/1.1 reads, and no answer behind them would mean anything to it. Holds one line at
/// most, of ``maximumLineBytes``; how long it may take is the handshake's deadline.
struct ClientGreeting {
    /// What the client speaks.
    enum Verdict: Equatable {
        /// Not known yet.
        case undecided
        /// HTTP/2, or something that the HTTP/2 library refuses.
        case http2
        /// HTTP/1.0 or 1.1: a whole request line came; `isHead` says that its answer has no body.
        case http1(isHead: Bool)
        /// TLS, on a port without it.
        case tls
    }

    /// The longest request line that is waited for, in bytes.
    static let maximumLineBytes = 8 * 1024
    /// The longest method that is taken for one, in bytes.
    private static let maximumMethodBytes = 20

    /// What was found out so far.
    private(set) var verdict = Verdict.undecided
    private var line: [UInt8] = []

    /// Takes the next bytes; returns those that are for the HTTP/2 session, nil when there are none.
    mutating func receive(_ bytes: ByteBuffer) -> ByteBuffer? {
        guard verdict == .undecided else { return verdict == .http2 ? bytes : nil }
        let view = bytes.readableBytesView
        if line.isEmpty, view.starts(with: Self.preface) {
            verdict = .http2
            return bytes
        }
        let heldBytes = line.count
        line += view.prefix(Self.maximumLineBytes - heldBytes)
        verdict = judge()
        guard verdict != .undecided else { return nil }
        defer { line = [] }
        guard verdict == .http2 else { return nil }
        var all = ByteBuffer(bytes: line.prefix(heldBytes))
        all.writeImmutableBuffer(bytes)
        return all
    }

    /// As much of the preface as no request of an older HTTP begins with: its method is reserved.
    private static let preface = Array("PRI ".utf8)

    private func judge() -> Verdict {
        guard let first = line.first else { return .undecided }
        if line.starts(with: Self.preface) { return .http2 }
        // A record of TLS that carries a handshake, and its version's first byte (RFC 8446 §5.1).
        if first == 0x16 { return line.count < 2 ? .undecided : line[1] == 0x03 ? .tls : .http2 }
        let method = line.prefix { $0 >= 0x41 && $0 <= 0x5A }
        guard method.count <= Self.maximumMethodBytes else { return .http2 }
        guard method.count < line.count else { return .undecided }
        guard !method.isEmpty, line[method.count] == 0x20 else { return .http2 }
        guard let end = line.firstIndex(of: 0x0A) else {
            return line.count < Self.maximumLineBytes ? .undecided : .http2
        }
        let request = line[..<end].last == 0x0D ? line[..<(end - 1)] : line[..<end]
        let version = request.suffix(9)
        guard version.elementsEqual(" HTTP/1.1".utf8) || version.elementsEqual(" HTTP/1.0".utf8) else { return .http2 }
        return .http1(isHead: method.elementsEqual("HEAD".utf8))
    }
}
