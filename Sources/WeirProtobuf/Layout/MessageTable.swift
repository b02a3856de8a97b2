// SPDX-License-Identifier: Apache-2.0

import CProtobufC

/// What the writer, the reader and the walker over wire bytes need of a message, in memory that never moves.
@usableFromInline
@safe
struct MessageTable {
    // Invariants: both arrays have `fieldCount` elements in the order of field numbers, and are never freed.
    // The table itself is never freed either, so that tables may point to each other in cycles.
    @usableFromInline let entries: UnsafeMutablePointer<FieldEntry>
    let fields: UnsafeMutablePointer<ProtobufCFieldDescriptor>
    @usableFromInline let fieldCount: Int
    let descriptor: UnsafeMutablePointer<ProtobufCMessageDescriptor>
    /// The size of a message block in bytes.
    let blockBytes: Int

    /// The full name of the message type, for errors.
    var name: String { unsafe String(cString: descriptor.pointee.name) }

    /// Finds a field by its number.
    func entry(number: UInt32) -> FieldEntry? {
        // Most messages number their fields from 1 without gaps.
        let direct = Int(number) &- 1
        if direct >= 0, direct < fieldCount, unsafe entries[direct].number == number { return unsafe entries[direct] }
        var low = 0
        var high = fieldCount
        while low < high {
            let middle = (low + high) / 2
            // `middle` is below `high`, which is at most `fieldCount`.
            let candidate = unsafe entries[middle].number
            if candidate == number { return unsafe entries[middle] }
            if candidate < number { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

/// One field of a ``MessageTable``.
@usableFromInline
@safe
struct FieldEntry {
    @usableFromInline let number: UInt32
    /// Where in the block the value is, in bytes.
    @usableFromInline let offset32: UInt32
    /// Where in the block the presence flag, the count or the oneof's case is, in bytes; 0 if there is none.
    @usableFromInline let quantifierOffset32: UInt32
    private let storedMergeGroup: Int32
    let form: WireForm
    let isRepeated: Bool
    /// The table of the message type of the field; set when the layout is linked.
    @usableFromInline var child: UnsafePointer<MessageTable>?

    init(_ field: ProtobufField, _ position: BlockLayout.Position, mergeGroup: Int?) {
        number = UInt32(bitPattern: field.number)
        // A block is smaller than 4 GiB: a message has at most 2^29 fields in theory, and a few thousand in practice.
        offset32 = UInt32(truncatingIfNeeded: position.offset)
        quantifierOffset32 = UInt32(truncatingIfNeeded: position.quantifierOffset)
        storedMergeGroup = mergeGroup.map { Int32(truncatingIfNeeded: $0) } ?? -1
        form = field.rule.isMap ? .message : field.type.wireForm
        isRepeated = field.rule.isRepeated
        unsafe child = nil
    }
}

extension FieldEntry {
    /// The oneof or the singular message that the field is part of, counted from 0 in each message; else nil.
    ///
    /// Occurrences of fields of one group replace or extend one another, in ways that protobuf-c gets wrong.
    var mergeGroup: Int? { storedMergeGroup < 0 ? nil : Int(storedMergeGroup) }

    /// Where in the block the value is, in bytes.
    @inlinable
    var offset: Int { Int(offset32) }

    /// Where in the block the presence flag, the count or the oneof's case is, in bytes; 0 if there is none.
    @inlinable
    var quantifierOffset: Int { Int(quantifierOffset32) }
}
