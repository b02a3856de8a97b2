// SPDX-License-Identifier: Apache-2.0

import CProtobufC

/// Where the members of a message block are, by the rules of C: each at the next multiple of its alignment.
///
/// The block is what `protoc-gen-c` would declare as a struct: the base, then the fields in order, each repeated field
/// preceded by its count and each optional one by its flag, and last the oneofs as a case and a union.
struct BlockLayout {
    /// Where a field and what belongs to it are, in bytes from the start of the block; 0 if there is no such member.
    struct Position: Equatable {
        var offset = 0
        var quantifierOffset = 0
    }

    /// The positions, in the order of the fields.
    private(set) var positions: [Position] = []

    /// The size of the block in bytes, a multiple of its alignment.
    private(set) var size: Int

    private var alignment = unsafe MemoryLayout<ProtobufCMessage>.alignment

    /// Lays out `fields`, which are in the order of their numbers.
    init(of fields: [ProtobufField]) {
        size = unsafe MemoryLayout<ProtobufCMessage>.size
        positions = Array(repeating: Position(), count: fields.count)
        var oneofs: [Int] = []
        for (index, field) in fields.enumerated() {
            switch field.rule {
            case .oneof(let oneof):
                if !oneofs.contains(oneof) { oneofs.append(oneof) }
            case .repeated, .expanded, .map:
                let count = place(MemoryLayout<Int>.size, MemoryLayout<Int>.alignment)
                let array = place(MemoryLayout<UInt>.size, MemoryLayout<UInt>.alignment)
                positions[index] = Position(offset: array, quantifierOffset: count)
            case .optional where !field.type.isMessage, .implicit where field.type.isFloatingPoint:
                let flag = place(MemoryLayout<protobuf_c_boolean>.size, MemoryLayout<protobuf_c_boolean>.alignment)
                positions[index] = Position(offset: place(field.type), quantifierOffset: flag)
            case .implicit, .optional:
                positions[index].offset = place(field.type)
            }
        }
        for oneof in oneofs { place(oneof: oneof, fields) }
        size = Self.roundUp(size, to: alignment)
    }

    private mutating func place(oneof: Int, _ fields: [ProtobufField]) {
        let members = fields.indices.filter { index in
            if case .oneof(oneof) = fields[index].rule { true } else { false }
        }
        let discriminator = place(MemoryLayout<UInt32>.size, MemoryLayout<UInt32>.alignment)
        let layouts = members.map { fields[$0].type.cLayout }
        let union = place(layouts.map(\.size).max() ?? 0, layouts.map(\.alignment).max() ?? 1)
        for index in members { positions[index] = Position(offset: union, quantifierOffset: discriminator) }
    }

    private mutating func place(_ type: ProtobufFieldType) -> Int {
        place(type.cLayout.size, type.cLayout.alignment)
    }

    private mutating func place(_ byteCount: Int, _ memberAlignment: Int) -> Int {
        let offset = Self.roundUp(size, to: memberAlignment)
        size = offset + byteCount
        alignment = max(alignment, memberAlignment)
        return offset
    }

    private static func roundUp(_ offset: Int, to alignment: Int) -> Int {
        (offset + alignment - 1) / alignment * alignment
    }
}

extension ProtobufFieldType {
    /// Whether the type is a message.
    var isMessage: Bool {
        if case .message = self { true } else { false }
    }
}
