// SPDX-License-Identifier: Apache-2.0

/// Writes an encoded message anew for protobuf-c, once the scanner found that it has to.
///
/// - Unknown fields are left out.
/// - `bytes` fields become references (offset and length in the original), so that payloads are not copied.
/// - The occurrences of a message field, which count as one message, are put together; of a oneof's members only the last
///   one stays (Protocol Buffers encoding, "Last One Wins").
@safe
struct WireRewriter {
    /// How long the length of a nested message is, in bytes: it is written before it is known.
    static let lengthBytes = 5
    /// How long a reference is, in bytes.
    static let referenceBytes = 8

    let cursor: WireCursor
    let hasDuplicates: Bool
    // Invariant: valid for `capacity` bytes; `put` checks.
    private let output: UnsafeMutableRawPointer
    private let capacity: Int
    /// The length of the new message so far, in bytes.
    private(set) var count = 0

    init(cursor: WireCursor, hasDuplicates: Bool, output: UnsafeMutableRawPointer, capacity: Int) {
        self.cursor = cursor
        self.hasDuplicates = hasDuplicates
        unsafe self.output = unsafe output
        self.capacity = capacity
    }

    /// Rewrites the message whose encoding is `range`, followed by `others`.
    mutating func rewrite(
        _ range: Range<Int>, followedBy others: [Range<Int>] = [], _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) {
        guard hasDuplicates else { return try unsafe rewriteInOrder(range, table) }
        let ranges = [range] + others
        var gathered: Set<Int> = []
        for range in ranges {
            var at = range.lowerBound
            while let field = try unsafe nextField(&at, end: range.upperBound, table) {
                if let group = field.entry.mergeGroup {
                    guard gathered.insert(group).inserted else { continue }
                    try unsafe gather(group, ranges, table)
                } else {
                    try put(field)
                }
            }
        }
    }

    private mutating func rewriteInOrder(
        _ range: Range<Int>, _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) {
        var at = range.lowerBound
        while let field = try unsafe nextField(&at, end: range.upperBound, table) { try put(field) }
    }

    /// A known field: all its bytes, and those of its value.
    private struct Field {
        var entry: FieldEntry
        var whole: Range<Int>
        /// Of a length-delimited value, the bytes after its length.
        var value: Range<Int>
    }

    /// Finds the next field that protobuf-c may see; nil at the end.
    private func nextField(
        _ at: inout Int, end: Int, _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) -> Field? {
        while at < end {
            let start = at
            let tag = try cursor.tag(&at, end: end)
            guard let entry = unsafe table.pointee.entry(number: tag.number),
                tag.wireType == entry.form.wireType || entry.acceptsPacked(tag)
            else {
                // The scanner has checked the nesting of groups.
                try cursor.skipValue(tag, &at, end: end, depth: .max)
                continue
            }
            let value = try valueRange(tag, &at, end: end)
            return Field(entry: entry, whole: start..<at, value: value)
        }
        return nil
    }

    private func valueRange(_ tag: WireCursor.Tag, _ at: inout Int, end: Int) throws(ProtobufError) -> Range<Int> {
        if tag.wireType == WireType.lengthDelimited {
            let valueEnd = try cursor.lengthDelimitedEnd(&at, end: end)
            defer { at = valueEnd }
            return at..<valueEnd
        }
        let start = at
        try cursor.skipValue(tag, &at, end: end, depth: 0)
        return start..<at
    }

    private mutating func put(_ field: Field, followedBy others: [Range<Int>] = []) throws(ProtobufError) {
        switch field.entry.form {
        case .varint, .fixed32, .fixed64, .string:
            unsafe put(cursor.bytes(field.whole))
        case .bytes:
            put(tag: field.entry)
            put(varint: UInt32(Self.referenceBytes))
            let reference = PayloadReference(
                offset: UInt32(truncatingIfNeeded: field.value.lowerBound),
                count: UInt32(truncatingIfNeeded: field.value.count))
            unsafe withUnsafeBytes(of: reference) { bytes in unsafe put(bytes) }
        case .message:
            put(tag: field.entry)
            let lengthAt = count
            unsafe withUnsafeBytes(of: (UInt32(0), UInt8(0))) { bytes in unsafe put(bytes) }
            if let child = unsafe field.entry.child { try unsafe rewrite(field.value, followedBy: others, child) }
            patchLength(at: lengthAt)
        }
    }

    /// Writes what a merge group comes to in all of `ranges`, at the place of its first occurrence.
    private mutating func gather(
        _ group: Int, _ ranges: [Range<Int>], _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) {
        var last: Field?
        var others: [Range<Int>] = []
        for range in ranges {
            var at = range.lowerBound
            while let field = try unsafe nextField(&at, end: range.upperBound, table) {
                guard field.entry.mergeGroup == group else { continue }
                if field.entry.form == .message, last?.entry.number == field.entry.number {
                    others.append(field.value)
                } else {
                    last = field
                    others = []
                }
            }
        }
        if let last { try put(last, followedBy: others) }
    }
}

// MARK: - Output

extension WireRewriter {
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        // The scanner has computed the capacity from the same fields, so nothing is ever cut off here.
        precondition(bytes.count <= capacity - count, "the rewritten message is longer than computed")
        guard let source = bytes.baseAddress else { return }
        unsafe (output + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    private mutating func put(tag entry: FieldEntry) {
        put(varint: entry.number << 3 | entry.form.wireType)
    }

    private mutating func put(varint value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            put(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        put(byte: UInt8(truncatingIfNeeded: rest))
    }

    private mutating func put(byte: UInt8) {
        precondition(count < capacity, "the rewritten message is longer than computed")
        unsafe output.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Fills in the length of what was written since; five bytes, which decoders accept for any length.
    private mutating func patchLength(at position: Int) {
        var rest = UInt32(truncatingIfNeeded: count - position - Self.lengthBytes)
        for index in 0..<Self.lengthBytes {
            let isLast = index == Self.lengthBytes - 1
            let byte = UInt8(truncatingIfNeeded: rest & 0x7f) | (isLast ? 0 : 0x80)
            // The five bytes were put there before.
            unsafe output.storeBytes(of: byte, toByteOffset: position + index, as: UInt8.self)
            rest >>= 7
        }
    }
}

/// Where in the original message a payload is.
struct PayloadReference: BitwiseCopyable {
    var offset: UInt32
    var count: UInt32
}
