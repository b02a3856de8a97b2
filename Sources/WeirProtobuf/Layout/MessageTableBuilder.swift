// SPDX-License-Identifier: Apache-2.0

import CProtobufC

/// Builds the table of a message type and protobuf-c's descriptor of it, in memory that is never freed.
struct MessageTableBuilder {
    let name: String
    /// In the order of their numbers.
    let fields: [ProtobufField]

    func build() -> MessageTable {
        let block = BlockLayout(of: fields)
        let entries = UnsafeMutablePointer<FieldEntry>.allocate(capacity: fields.count)
        let descriptors = UnsafeMutablePointer<ProtobufCFieldDescriptor>.allocate(capacity: fields.count)
        var groups = MergeGroups()
        for (index, field) in fields.enumerated() {
            let position = block.positions[index]
            // Both arrays have room for `fields.count` elements.
            unsafe (entries + index).initialize(
                to: FieldEntry(field, position, mergeGroup: groups.group(of: field)))
            unsafe (descriptors + index).initialize(to: fieldDescriptor(field, position))
        }
        let descriptor = UnsafeMutablePointer<ProtobufCMessageDescriptor>.allocate(capacity: 1)
        unsafe descriptor.initialize(to: messageDescriptor(descriptors, blockBytes: block.size))
        return unsafe MessageTable(
            entries: entries, fields: descriptors, fieldCount: fields.count, descriptor: descriptor,
            blockBytes: block.size)
    }

    private func fieldDescriptor(
        _ field: ProtobufField, _ position: BlockLayout.Position
    ) -> ProtobufCFieldDescriptor {
        var descriptor = unsafe ProtobufCFieldDescriptor()
        unsafe descriptor.name = immortalCString(field.name)
        unsafe descriptor.id = UInt32(bitPattern: field.number)
        unsafe descriptor.label = label(of: field)
        unsafe descriptor.type = field.rule.isMap ? PROTOBUF_C_TYPE_MESSAGE : field.type.cType
        unsafe descriptor.offset = UInt32(truncatingIfNeeded: position.offset)
        unsafe descriptor.quantifier_offset = UInt32(truncatingIfNeeded: position.quantifierOffset)
        switch field.rule {
        case .repeated where field.type.wireForm.isPackable:
            unsafe descriptor.flags = PROTOBUF_C_FIELD_FLAG_PACKED.rawValue
        case .oneof:
            unsafe descriptor.flags = PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue
        default:
            break
        }
        return unsafe descriptor
    }

    private func label(of field: ProtobufField) -> ProtobufCLabel {
        switch field.rule {
        case .repeated, .expanded, .map: PROTOBUF_C_LABEL_REPEATED
        case .optional: PROTOBUF_C_LABEL_OPTIONAL
        case .implicit where field.type.isFloatingPoint: PROTOBUF_C_LABEL_OPTIONAL
        case .implicit, .oneof: PROTOBUF_C_LABEL_NONE
        }
    }

    private func messageDescriptor(
        _ descriptors: UnsafeMutablePointer<ProtobufCFieldDescriptor>, blockBytes: Int
    ) -> ProtobufCMessageDescriptor {
        let ranges = numberRanges()
        let cRanges = UnsafeMutablePointer<ProtobufCIntRange>.allocate(capacity: ranges.count)
        unsafe cRanges.initialize(from: ranges, count: ranges.count)
        var descriptor = unsafe ProtobufCMessageDescriptor()
        unsafe descriptor.magic = UInt32(PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC)
        unsafe descriptor.name = immortalCString(name)
        unsafe descriptor.short_name = descriptor.name
        unsafe descriptor.c_name = descriptor.name
        unsafe descriptor.package_name = immortalCString("")
        unsafe descriptor.sizeof_message = blockBytes
        unsafe descriptor.n_fields = UInt32(fields.count)
        // protobuf-c looks at the first field before it looks at the count, unless there is no array at all.
        unsafe descriptor.fields = fields.isEmpty ? nil : UnsafePointer(descriptors)
        unsafe descriptor.n_field_ranges = UInt32(ranges.count - 1)
        unsafe descriptor.field_ranges = UnsafePointer(cRanges)
        return unsafe descriptor
    }

    /// Runs of consecutive field numbers with the index of the first field of each, and an end mark.
    private func numberRanges() -> [ProtobufCIntRange] {
        var ranges: [ProtobufCIntRange] = []
        var previous: Int32?
        for (index, field) in fields.enumerated() {
            if previous.map({ $0 &+ 1 != field.number }) ?? true {
                ranges.append(ProtobufCIntRange(start_value: field.number, orig_index: UInt32(index)))
            }
            previous = field.number
        }
        ranges.append(ProtobufCIntRange(start_value: 0, orig_index: UInt32(fields.count)))
        return ranges
    }

    private func immortalCString(_ text: String) -> UnsafePointer<CChar> {
        let units = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: units.count)
        unsafe copy.initialize(from: Array(units), count: units.count)
        return unsafe UnsafePointer(copy)
    }
}

/// Numbers the fields that need help when they occur more than once in an encoded message.
private struct MergeGroups {
    private var count = 0
    private var oneofs: [Int: Int] = [:]

    mutating func group(of field: ProtobufField) -> Int? {
        switch field.rule {
        case .oneof(let index):
            if let group = oneofs[index] { return group }
            oneofs[index] = count
        case .implicit where field.type.isMessage, .optional where field.type.isMessage:
            break
        default:
            return nil
        }
        defer { count += 1 }
        return count
    }
}

extension ProtobufField.Rule {
    var isMap: Bool {
        if case .map = self { true } else { false }
    }

    var isRepeated: Bool {
        switch self {
        case .repeated, .expanded, .map: true
        case .implicit, .optional, .oneof: false
        }
    }
}
