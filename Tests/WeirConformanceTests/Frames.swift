// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// What a client may send, and may not: bytes, made by hand.
typealias Bytes = [UInt8]

/// Any frame at all (RFC 9113 §4.1), of a type that has a name or none.
func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: Bytes = [], length: Int? = nil) -> Bytes {
    let length = length ?? payload.count
    return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
        + RawFrame.bigEndian(stream) + payload
}

/// The types of RFC 9113 §6.
enum Type {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let priority: UInt8 = 2
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let push: UInt8 = 5
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
    static let unknown: UInt8 = 0x2A
}

/// The flags of RFC 9113 §6.
enum Flag {
    static let endStream: UInt8 = 1
    static let acknowledge: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 32
}

/// Zeros, as payload that nobody looks at.
func zeros(_ count: Int) -> Bytes { Bytes(repeating: 0, count: count) }

func number(_ value: UInt32) -> Bytes { RawFrame.bigEndian(value) }

func data(_ stream: UInt32, _ payload: Bytes = [1, 2, 3], ends: Bool = false) -> Bytes {
    frame(Type.data, flags: ends ? Flag.endStream : 0, stream: stream, payload)
}

func reset(_ stream: UInt32, code: UInt32 = 8) -> Bytes { frame(Type.reset, stream: stream, number(code)) }

func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Bytes {
    frame(Type.windowUpdate, stream: stream, number(increment))
}

/// PRIORITY (RFC 9113 §6.3): a dependency and a weight.
func priority(_ stream: UInt32, on parent: UInt32 = 0) -> Bytes {
    frame(Type.priority, stream: stream, number(parent) + [15])
}

func settings(_ entries: (UInt16, UInt32)..., stream: UInt32 = 0) -> Bytes {
    frame(
        Type.settings, stream: stream,
        entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + number($0.1) })
}

let ping = frame(Type.ping, [1, 2, 3, 4, 5, 6, 7, 8])

/// A whole gRPC message of one byte.
let message: Bytes = [0, 0, 0, 0, 1, 7]

// MARK: - Field blocks (RFC 7541)

/// A string without Huffman's code (RFC 7541 §5.2).
func string(_ text: String) -> Bytes { integer(text.utf8.count, prefix: 7) + Array(text.utf8) }

/// An integer (RFC 7541 §5.1) with these bits in front of its prefix.
func integer(_ value: Int, prefix: Int, pattern: UInt8 = 0) -> Bytes {
    let limit = 1 << prefix - 1
    guard value >= limit else { return [pattern | UInt8(value)] }
    var bytes = [pattern | UInt8(limit)]
    var rest = value - limit
    while rest >= 128 {
        bytes.append(UInt8(rest & 127) | 128)
        rest >>= 7
    }
    return bytes + [UInt8(rest)]
}

/// A field without indexing (RFC 7541 §6.2.2).
func literal(_ name: String, _ value: String) -> Bytes { [0] + string(name) + string(value) }

/// A field that goes into the dynamic table (RFC 7541 §6.2.1).
func indexing(_ name: String, _ value: String) -> Bytes { [0x40] + string(name) + string(value) }

/// A field of the tables (RFC 7541 §6.1).
func indexed(_ index: Int) -> Bytes { integer(index, prefix: 7, pattern: 0x80) }

/// A change of the dynamic table's size (RFC 7541 §6.3).
func tableSize(_ bytes: Int) -> Bytes { integer(bytes, prefix: 5, pattern: 0x20) }

typealias Fields = [(name: String, value: String)]

func block(_ fields: Fields) -> Bytes { fields.flatMap { literal($0.name, $0.value) } }

func headers(_ stream: UInt32, _ block: Bytes, ends: Bool = true, flags: UInt8 = Flag.endHeaders) -> Bytes {
    frame(Type.headers, flags: flags | (ends ? Flag.endStream : 0), stream: stream, block)
}

func continuation(_ stream: UInt32, _ block: Bytes = [], ends: Bool = true) -> Bytes {
    frame(Type.continuation, flags: ends ? Flag.endHeaders : 0, stream: stream, block)
}

// MARK: - Requests

/// The fields of a gRPC call; `extra` go behind them.
func call(_ method: String = "Talk", _ extra: Fields = []) -> Fields {
    [
        (":method", "POST"), (":scheme", "http"), (":path", "/conformance.Echo/\(method)"), (":authority", "test"),
        ("content-type", "application/grpc"), ("te", "trailers"),
    ] + extra
}

/// A call whose handler starts at once: the request is open unless it `ends`.
func talk(_ stream: UInt32, ends: Bool = false) -> Bytes { headers(stream, block(call()), ends: ends) }

/// A request that has no body and is none of gRPC's.
func get(_ stream: UInt32, _ path: String = "/", ends: Bool = true) -> Bytes {
    headers(
        stream, block([(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "test")]), ends: ends)
}
