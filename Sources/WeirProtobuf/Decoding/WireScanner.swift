// SPDX-License-Identifier: Apache-2.0

/// Walks over an encoded message before protobuf-c sees it: refuses what is malformed or nested too deep, and finds out
/// whether it has to be rewritten.
///
/// protobuf-c itself recurses without limit, stores unknown fields at many times their size, fails on groups, and loses
/// fields of messages that occur twice. The work is linear in the length of the message.
struct WireScanner {
    let cursor: WireCursor
    /// The shortest `bytes` field that will be a slice, in bytes.
    let sliceFrom: Int

    /// Whether there are fields that protobuf-c must not see: unknown ones, or known ones with another wire type.
    private(set) var hasUnknown = false
    /// Whether a message field or a oneof occurs more than once in one message.
    private(set) var hasDuplicates = false
    /// Whether there are `bytes` fields long enough to be slices.
    private(set) var hasSlices = false
    /// How many bytes the message can grow by when it is rewritten, and how many it shrinks by at least.
    private(set) var growth = 0
    private(set) var shrinkage = 0

    init(cursor: WireCursor, sliceFrom: Int) {
        self.cursor = cursor
        self.sliceFrom = sliceFrom
    }

    /// Whether protobuf-c gets another message than the one that arrived.
    var needsRewriting: Bool { hasUnknown || hasDuplicates || hasSlices }

    /// Walks over the message in `range`; `depth` is how many levels of nesting are left, this message included.
    mutating func scan(
        _ range: Range<Int>, _ table: UnsafePointer<MessageTable>, depth: Int
    ) throws(ProtobufError) {
        guard depth > 0 else { throw cursor.error(.nestingTooDeep, range.lowerBound) }
        let end = range.upperBound
        var at = range.lowerBound
        var seen: UInt64 = 0
        while at < end {
            let start = at
            let tag = try cursor.tag(&at, end: end)
            guard let entry = unsafe table.pointee.entry(number: tag.number),
                tag.wireType == entry.form.wireType || entry.acceptsPacked(tag)
            else {
                hasUnknown = true
                try cursor.skipValue(tag, &at, end: end, depth: depth - 1)
                shrinkage += at - start
                continue
            }
            if tag.wireType != entry.form.wireType {
                try scanPacked(entry.form, &at, end: end)
                continue
            }
            if let group = entry.mergeGroup { note(group, &seen) }
            switch entry.form {
            case .varint: _ = try cursor.varint(&at, end: end)
            case .fixed32: try cursor.skip(4, &at, end: end)
            case .fixed64: try cursor.skip(8, &at, end: end)
            case .string: at = try cursor.lengthDelimitedEnd(&at, end: end)
            case .bytes:
                let valueEnd = try cursor.lengthDelimitedEnd(&at, end: end)
                note(byteCount: valueEnd - at)
                at = valueEnd
            case .message:
                let valueEnd = try cursor.lengthDelimitedEnd(&at, end: end)
                growth += WireRewriter.lengthBytes - 1
                // A field whose form is `message` has a child once the layout is linked.
                if let child = unsafe entry.child { try unsafe scan(at..<valueEnd, child, depth: depth - 1) }
                at = valueEnd
            }
        }
    }

    /// Several values of a repeated field behind one tag.
    private func scanPacked(_ form: WireForm, _ at: inout Int, end: Int) throws(ProtobufError) {
        let start = at
        let valueEnd = try cursor.lengthDelimitedEnd(&at, end: end)
        switch form {
        case .fixed32 where (valueEnd - at) % 4 != 0, .fixed64 where (valueEnd - at) % 8 != 0:
            throw cursor.error(.malformedPackedField, start)
        case .varint:
            while at < valueEnd { _ = try cursor.varint(&at, end: valueEnd) }
        default:
            break
        }
        at = valueEnd
    }

    /// From the 65th group of a message on, duplicates are assumed: that costs time and changes nothing.
    private mutating func note(_ group: Int, _ seen: inout UInt64) {
        let bit: UInt64 = group < 64 ? 1 << UInt64(group) : .max
        if seen & bit != 0 || group >= 64 { hasDuplicates = true }
        seen |= bit
    }

    private mutating func note(byteCount: Int) {
        growth += WireRewriter.referenceBytes
        shrinkage += byteCount
        if byteCount >= sliceFrom { hasSlices = true }
    }
}

extension FieldEntry {
    /// Whether several values of this field may follow one tag, and do.
    func acceptsPacked(_ tag: WireCursor.Tag) -> Bool {
        isRepeated && form.isPackable && tag.wireType == WireType.lengthDelimited
    }
}
