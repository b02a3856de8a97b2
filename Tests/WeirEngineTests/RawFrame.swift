// SPDX-License-Identifier: Apache-2.0

/// A frame as it stands on the wire (RFC 9113 §4.1), built and read by hand.
struct RawFrame: Equatable {
    enum Kind: UInt8 {
        case data, headers, priority, rstStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    static let endStream: UInt8 = 1
    static let acknowledge: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8

    var kind: Kind
    var flags: UInt8 = 0
    var stream: Int32 = 0
    var payload: [UInt8] = []

    var endsStream: Bool { (kind == .data || kind == .headers) && flags & Self.endStream != 0 }

    /// The payload's first four bytes as a number: an error code or a window's increment.
    var number: UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

    var bytes: [UInt8] {
        let length = payload.count
        let id = UInt32(bitPattern: stream)
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), kind.rawValue, flags]
            + Self.bigEndian(id) + payload
    }

    static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}

extension RawFrame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func settings(_ entries: [(id: UInt16, value: UInt32)] = []) -> RawFrame {
        let payload = entries.flatMap { [UInt8($0.id >> 8), UInt8($0.id & 255)] + bigEndian($0.value) }
        return RawFrame(kind: .settings, payload: payload)
    }

    /// SETTINGS_INITIAL_WINDOW_SIZE.
    static func initialWindow(_ bytes: Int) -> RawFrame { settings([(4, UInt32(bytes))]) }

    static func windowUpdate(_ increment: Int, stream: Int32 = 0) -> RawFrame {
        RawFrame(kind: .windowUpdate, stream: stream, payload: bigEndian(UInt32(increment)))
    }

    static func reset(_ stream: Int32, code: UInt32) -> RawFrame {
        RawFrame(kind: .rstStream, stream: stream, payload: bigEndian(code))
    }

    static func ping(_ payload: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8], acknowledge: Bool = false) -> RawFrame {
        RawFrame(kind: .ping, flags: acknowledge ? Self.acknowledge : 0, payload: payload)
    }

    static func data(_ payload: [UInt8], stream: Int32, ends: Bool = false, padding: Int? = nil) -> RawFrame {
        guard let padding else {
            return RawFrame(kind: .data, flags: ends ? endStream : 0, stream: stream, payload: payload)
        }
        return RawFrame(
            kind: .data, flags: (ends ? endStream : 0) | padded, stream: stream,
            payload: [UInt8(padding)] + payload + [UInt8](repeating: 0, count: padding))
    }

    /// HEADERS with literal fields without indexing (RFC 7541 §6.2.2), every string short of 127 bytes.
    static func headers(_ fields: [(String, String)], stream: Int32, ends: Bool = false) -> RawFrame {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return RawFrame(kind: .headers, flags: endHeaders | (ends ? endStream : 0), stream: stream, payload: block)
    }
}
