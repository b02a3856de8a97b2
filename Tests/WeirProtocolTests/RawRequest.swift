// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// A request as bytes on the wire: fields that nobody checks, then DATA.
struct RawRequest: Sendable {
    typealias Field = (name: [UInt8], value: [UInt8])

    /// The fields, in order.
    var fields: [Field]
    /// DATA frames behind them, as bytes; the stream's number is filled in.
    var body: [Body] = []
    /// Whether the last frame ends the stream.
    var ends = true

    /// One frame behind the first.
    enum Body: Sendable {
        case data([UInt8], padding: Int? = nil)
        /// Trailers: always the last.
        case trailers([(String, String)])
    }

    static let service = "/grpc.testing.TestService/"

    /// A correct call of a method of the test service, with an empty message.
    static func call(_ method: String = "UnaryCall", message: [UInt8] = []) -> RawRequest {
        RawRequest(fields: [
            (":method", "POST"), (":scheme", "http"), (":path", service + method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]).sending(prefixed(message))
    }

    /// A request of HTTP that is no call.
    static func plain(_ method: String, _ path: String, _ fields: [(String, String)] = []) -> RawRequest {
        RawRequest(
            fields: [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")] + fields)
    }

    init(fields: [(String, String)]) {
        self.fields = fields.map { (Array($0.0.utf8), Array($0.1.utf8)) }
    }

    /// A message behind its prefix.
    static func prefixed(_ message: [UInt8], flags: UInt8 = 0) -> [UInt8] {
        [flags] + RawFrame.bigEndian(UInt32(clamping: message.count)) + message
    }
}

/// Changes to a request that is otherwise right.
extension RawRequest {
    /// With another value for a field, or without the field.
    func with(_ name: String, _ value: String?) -> RawRequest {
        var copy = self
        guard let index = fields.firstIndex(where: { $0.name == Array(name.utf8) }) else {
            return value.map { adding(name, $0) } ?? self
        }
        if let value { copy.fields[index].value = Array(value.utf8) } else { copy.fields.remove(at: index) }
        return copy
    }

    /// With one more field behind the others.
    func adding(_ name: String, _ value: String) -> RawRequest {
        adding(Array(name.utf8), Array(value.utf8))
    }

    /// With one more field behind the others, of any bytes.
    func adding(_ name: [UInt8], _ value: [UInt8]) -> RawRequest {
        var copy = self
        copy.fields.append((name, value))
        return copy
    }

    /// With one more field in front of the others.
    func first(_ name: String, _ value: String) -> RawRequest {
        var copy = self
        copy.fields.insert((Array(name.utf8), Array(value.utf8)), at: 0)
        return copy
    }

    /// With one DATA frame of these bytes in place of its body; nil: none.
    func sending(_ data: [UInt8]?) -> RawRequest { sending(frames: data.map { [.data($0)] } ?? []) }

    /// With these frames in place of its body.
    func sending(frames: [Body]) -> RawRequest {
        var copy = self
        copy.body = frames
        return copy
    }

    /// Without the end of its side.
    func open() -> RawRequest {
        var copy = self
        copy.ends = false
        return copy
    }
}

extension RawRequest {
    /// Largest payload of a frame that every peer takes (RFC 9113 §4.2), in bytes.
    private static let frameBytes = 16_384

    /// The frames on the wire.
    func bytes(stream: Int32) -> [UInt8] {
        var bytes = Self.section(fields, stream: stream, ends: ends && body.isEmpty)
        for (index, part) in body.enumerated() {
            let isLast = ends && index == body.count - 1
            switch part {
            case .data(let data, let padding):
                bytes += RawFrame.data(data, stream: stream, ends: isLast, padding: padding).bytes
            case .trailers(let fields):
                bytes += RawFrame.headers(fields, stream: stream, ends: true).bytes
            }
        }
        return bytes
    }

    /// A field section: HEADERS, and CONTINUATIONs where it is long; literals without indexing (RFC 7541 §6.2.2).
    private static func section(_ fields: [Field], stream: Int32, ends: Bool) -> [UInt8] {
        var block: [UInt8] = []
        for field in fields { block += [0] + literal(field.name) + literal(field.value) }
        var rest = block[...]
        var bytes: [UInt8] = []
        var kind = RawFrame.Kind.headers
        repeat {
            let part = Array(rest.prefix(frameBytes))
            rest = rest.dropFirst(part.count)
            var flags: UInt8 = rest.isEmpty ? RawFrame.endHeaders : 0
            if kind == .headers, ends { flags |= RawFrame.endStream }
            bytes += RawFrame(kind: kind, flags: flags, stream: stream, payload: part).bytes
            kind = .continuation
        } while !rest.isEmpty
        return bytes
    }

    /// RFC 7541 §5.2, without Huffman's code.
    private static func literal(_ text: [UInt8]) -> [UInt8] {
        guard text.count >= 127 else { return [UInt8(text.count)] + text }
        var length: [UInt8] = [127]
        var rest = text.count - 127
        while rest >= 128 {
            length.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return length + [UInt8(rest)] + text
    }
}
