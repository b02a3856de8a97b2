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
        var gathered = Set<Int>()
        var current = range
        var next = 0
        while true {
            var at = current.lowerBound
            while at < current.upperBound {
                let start = at
                let tag = try cursor.tag(&at, end: current.upperBound)
                guard let entry = unsafe table.pointee.entry(number: tag.number),
                    tag.wireType == entry.form.wireType || entry.acceptsPacked(tag)
                else {
                    // The scanner has checked the nesting of groups.
                    try cursor.skipValue(tag, &at, end: current.upperBound, depth: .max)
                    continue
                }
                let value = try valueRange(tag, &at, end: current.upperBound)
                if hasDuplicates, let group = entry.mergeGroup {
                    guard gathered.insert(group).inserted else { continue }
                    try unsafe gather(group, [range] + others, table)
                } else {
                    try put(entry, field: start..<at, value: value)
                }
            }
            guard next < others.count else { return }
            current = others[next]
            next += 1
        }
    }

    /// The value's bytes; of a length-delimited value, those after its length.
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

    private mutating func put(
        _ entry: FieldEntry, field: Range<Int>, value: Range<Int>, _ others: [Range<Int>] = []
    ) throws(ProtobufError) {
        switch entry.form {
        case .varint, .fixed32, .fixed64, .string:
            unsafe put(cursor.bytes(field))
        case .bytes:
            put(tag: entry)
            put(varint: UInt32(Self.referenceBytes))
            let reference = PayloadReference(
                offset: UInt32(truncatingIfNeeded: value.lowerBound), count: UInt32(truncatingIfNeeded: value.count))
            unsafe withUnsafeBytes(of: reference) { bytes in unsafe put(bytes) }
        case .message:
            put(tag: entry)
            let lengthAt = count
            unsafe withUnsafeBytes(of: (UInt32(0), UInt8(0))) { bytes in unsafe put(bytes) }
            if let child = unsafe entry.child { try unsafe rewrite(value, followedBy: others, child) }
            patchLength(at: lengthAt)
        }
    }

    /// Writes what a merge group comes to in all of `ranges`, at the place of its first occurrence.
    private mutating func gather(
        _ group: Int, _ ranges: [Range<Int>], _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) {
        var last: (entry: FieldEntry, field: Range<Int>, values: [Range<Int>])?
        for range in ranges {
            var at = range.lowerBound
            while at < range.upperBound {
                let start = at
                let tag = try cursor.tag(&at, end: range.upperBound)
                guard let entry = unsafe table.pointee.entry(number: tag.number), entry.mergeGroup == group,
                    tag.wireType == entry.form.wireType
                else {
                    try cursor.skipValue(tag, &at, end: range.upperBound, depth: .max)
                    continue
                }
                let value = try valueRange(tag, &at, end: range.upperBound)
                let isMore = entry.form == .message && last?.entry.number == entry.number
                last = (entry, start..<at, (isMore ? last?.values ?? [] : []) + [value])
            }
        }
        guard let last, let first = last.values.first else { return }
        try put(last.entry, field: last.field, value: first, Array(last.values.dropFirst()))
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
