// SPDX-License-Identifier: Apache-2.0

/// Reads the elements of the wire format, never past the end it is told.
@safe
struct WireCursor {
    // Invariant: `base` is valid for `count` bytes while the cursor is used; every read below checks against an `end`
    // that is at most `count`.
    private let base: UnsafePointer<UInt8>
    let count: Int
    /// For errors: the outermost message; immortal.
    private let table: UnsafePointer<MessageTable>

    init(_ base: UnsafePointer<UInt8>, count: Int, table: UnsafePointer<MessageTable>) {
        unsafe self.base = unsafe base
        self.count = count
        unsafe self.table = unsafe table
    }

    /// A field number and a wire type.
    struct Tag {
        var number: UInt32
        var wireType: UInt32
    }

    @inline(__always)
    func varint(_ at: inout Int, end: Int) throws(ProtobufError) -> UInt64 {
        guard at < end else { throw error(.truncated, at) }
        // `at` is below `end`, here and in every turn of the loop in `longVarint`.
        let first = unsafe base[at]
        at += 1
        return first < 0x80 ? UInt64(first) : try longVarint(first, &at, end: end)
    }

    private func longVarint(_ first: UInt8, _ at: inout Int, end: Int) throws(ProtobufError) -> UInt64 {
        let start = at - 1
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while at < end {
            let byte = unsafe base[at]
            at += 1
            // The tenth byte holds the 64th bit and nothing else.
            if shift == 63, byte > 1 { throw error(.malformedVarint, start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw error(.truncated, start)
    }

    @inline(__always)
    func tag(_ at: inout Int, end: Int) throws(ProtobufError) -> Tag {
        let start = at
        let value = try varint(&at, end: end)
        // A tag is a 32-bit number of at most five bytes, the lowest three bits of which are the wire type.
        guard value <= UInt64(UInt32.max), value >= 8, at - start <= 5 else { throw error(.invalidFieldNumber, start) }
        let tag = UInt32(truncatingIfNeeded: value)
        return Tag(number: tag >> 3, wireType: tag & 7)
    }

    /// Reads a length and returns where the bytes it counts end.
    @inline(__always)
    func lengthDelimitedEnd(_ at: inout Int, end: Int) throws(ProtobufError) -> Int {
        let start = at
        let length = try varint(&at, end: end)
        guard length <= UInt64(end - at) else { throw error(.truncated, start) }
        // protobuf-c reads lengths of at most five bytes.
        guard at - start <= 5 else { throw error(.malformedVarint, start) }
        return at + Int(length)
    }

    func skip(_ byteCount: Int, _ at: inout Int, end: Int) throws(ProtobufError) {
        guard end - at >= byteCount else { throw error(.truncated, at) }
        at += byteCount
    }

    /// Skips the value of a field that begins at `at`; `depth` is what of nesting is left for groups.
    func skipValue(_ tag: Tag, _ at: inout Int, end: Int, depth: Int) throws(ProtobufError) {
        switch tag.wireType {
        case WireType.varint: _ = try varint(&at, end: end)
        case WireType.fixed64: try skip(8, &at, end: end)
        case WireType.lengthDelimited: at = try lengthDelimitedEnd(&at, end: end)
        case WireType.startGroup: try skipGroup(tag.number, &at, end: end, depth: depth)
        case WireType.endGroup: throw error(.unbalancedGroup, at)
        case WireType.fixed32: try skip(4, &at, end: end)
        default: throw error(.invalidWireType, at)
        }
    }

    private func skipGroup(_ number: UInt32, _ at: inout Int, end: Int, depth: Int) throws(ProtobufError) {
        guard depth > 0 else { throw error(.nestingTooDeep, at) }
        let start = at
        while at < end {
            let tag = try tag(&at, end: end)
            if tag.wireType == WireType.endGroup {
                guard tag.number == number else { throw error(.unbalancedGroup, at) }
                return
            }
            try skipValue(tag, &at, end: end, depth: depth - 1)
        }
        throw error(.unbalancedGroup, start)
    }

    /// The bytes of a range that has been scanned.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range outside the message")
        return unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    func error(_ code: ProtobufError.Code, _ offset: Int) -> ProtobufError {
        unsafe ProtobufError(code, messageName: table.pointee.name, byteOffset: offset)
    }
}
