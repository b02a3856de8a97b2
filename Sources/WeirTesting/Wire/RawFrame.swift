// SPDX-License-Identifier: Apache-2.0

/// A frame as it stands on the wire (RFC 9113 §4.1), built and read by hand.
///
/// Nothing is checked: what a well-behaved client would never send can be said as easily as the rest.
public struct RawFrame: Equatable, Sendable {
    /// The frame types of RFC 9113 §6.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case data, headers, priority, rstStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    /// END_STREAM of DATA and HEADERS.
    public static let endStream: UInt8 = 1
    /// ACK of SETTINGS and PING.
    public static let acknowledge: UInt8 = 1
    /// END_HEADERS of HEADERS and CONTINUATION.
    public static let endHeaders: UInt8 = 4
    /// PADDED of DATA and HEADERS.
    public static let padded: UInt8 = 8
    /// PRIORITY of HEADERS.
    public static let priority: UInt8 = 32
    /// Bytes of a frame's header.
    public static let headerBytes = 9

    /// The frame's type.
    public var kind: Kind
    /// The frame's flags.
    public var flags: UInt8
    /// The stream's number; 0 is the connection.
    public var stream: Int32
    /// What follows the nine bytes of the header.
    public var payload: [UInt8]

    /// Makes a frame of these parts.
    public init(kind: Kind, flags: UInt8 = 0, stream: Int32 = 0, payload: [UInt8] = []) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    /// Whether the frame is the last of its stream in its direction.
    public var endsStream: Bool { (kind == .data || kind == .headers) && flags & Self.endStream != 0 }

    /// Whether the frame acknowledges one of the other side's.
    public var isAcknowledgement: Bool { (kind == .settings || kind == .ping) && flags & Self.acknowledge != 0 }

    /// The payload's first four bytes as a number: an error code or a window's increment.
    public var number: UInt32 { payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

    /// The frame as bytes.
    public var bytes: [UInt8] {
        let length = payload.count
        let id = UInt32(bitPattern: stream)
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), kind.rawValue, flags]
            + Self.bigEndian(id) + payload
    }

    /// A number's four bytes, the most significant one first.
    public static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}

extension RawFrame {
    /// What a client sends ahead of its first frame (RFC 9113 §3.4).
    public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// SETTINGS with these entries.
    public static func settings(_ entries: [(id: UInt16, value: UInt32)] = []) -> RawFrame {
        let payload = entries.flatMap { [UInt8($0.id >> 8), UInt8($0.id & 255)] + bigEndian($0.value) }
        return RawFrame(kind: .settings, payload: payload)
    }

    /// SETTINGS that acknowledges the server's.
    public static let settingsAcknowledgement = RawFrame(kind: .settings, flags: acknowledge)

    /// SETTINGS_INITIAL_WINDOW_SIZE: the window of each stream, also of those that are open.
    public static func initialWindow(_ bytes: Int) -> RawFrame { settings([(4, UInt32(clamping: bytes))]) }

    /// WINDOW_UPDATE: that many more bytes may be sent on the stream; on stream 0, on the connection.
    public static func windowUpdate(_ increment: Int, stream: Int32 = 0) -> RawFrame {
        RawFrame(kind: .windowUpdate, stream: stream, payload: bigEndian(UInt32(clamping: increment)))
    }

    /// RST_STREAM with this error code; 8 is CANCEL.
    public static func reset(_ stream: Int32, code: UInt32) -> RawFrame {
        RawFrame(kind: .rstStream, stream: stream, payload: bigEndian(code))
    }

    /// PING with eight bytes, which come back in its acknowledgement.
    public static func ping(_ payload: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8], acknowledge: Bool = false) -> RawFrame {
        RawFrame(kind: .ping, flags: acknowledge ? Self.acknowledge : 0, payload: payload)
    }

    /// A frame of a type that nobody has defined, which a receiver must ignore (RFC 9113 §4.1).
    ///
    /// Not a ``RawFrame``, for it has no ``Kind``.
    public static let unknownFrame: [UInt8] = [0, 0, 0, 0x2A, 0, 0, 0, 0, 0]

    /// DATA, with padding behind the payload if `padding` says how much.
    public static func data(
        _ payload: [UInt8], stream: Int32, ends: Bool = false, padding: Int? = nil
    ) -> RawFrame {
        guard let padding else {
            return RawFrame(kind: .data, flags: ends ? endStream : 0, stream: stream, payload: payload)
        }
        return RawFrame(
            kind: .data, flags: (ends ? endStream : 0) | padded, stream: stream,
            payload: [UInt8(truncatingIfNeeded: padding)] + payload + [UInt8](repeating: 0, count: padding))
    }

    /// DATA that carries one gRPC message behind its five-byte prefix.
    public static func message(_ message: [UInt8], stream: Int32, ends: Bool = true) -> RawFrame {
        data([0] + bigEndian(UInt32(clamping: message.count)) + message, stream: stream, ends: ends)
    }

    /// DATA frames of at most 16,384 bytes, the size that every peer takes (RFC 9113 §4.2), that carry one gRPC message.
    public static func messageFrames(_ message: [UInt8], stream: Int32, ends: Bool = true) -> [RawFrame] {
        var rest = message[...]
        var part = [0] + bigEndian(UInt32(clamping: message.count)) + rest.prefix(16_379)
        rest = rest.dropFirst(16_379)
        var frames: [RawFrame] = []
        while !rest.isEmpty {
            frames.append(data(part, stream: stream))
            part = Array(rest.prefix(16_384))
            rest = rest.dropFirst(16_384)
        }
        return frames + [data(part, stream: stream, ends: ends)]
    }

    /// HEADERS with literal fields without indexing (RFC 7541 §6.2.2).
    public static func headers(_ fields: [(String, String)], stream: Int32, ends: Bool = false) -> RawFrame {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0] + literal(name) + literal(value)
        }
        return RawFrame(kind: .headers, flags: endHeaders | (ends ? endStream : 0), stream: stream, payload: block)
    }

    /// A string as RFC 7541 §5.2 writes it, without Huffman's code.
    private static func literal(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        // A length that does not fit in seven bits goes on in groups of seven (RFC 7541 §5.1).
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }
}
