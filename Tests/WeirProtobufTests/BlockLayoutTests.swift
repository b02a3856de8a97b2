// SPDX-License-Identifier: Apache-2.0

import CLayoutFixture
import Testing

@testable import WeirProtobuf

/// Messages are laid out by C's rules: the positions are those of structs that a C compiler compiled.
@Suite struct BlockLayoutTests {
    static let message = ProtobufFieldType.message { Google_Protobuf_Timestamp.protobufLayout }

    static let cases: [(layout_struct, [ProtobufField])] = [
        (
            LAYOUT_SCALARS,
            [
                .init(1, "a_int32", .int32), .init(2, "a_int64", .int64), .init(3, "a_uint32", .uint32),
                .init(4, "a_uint64", .uint64), .init(5, "a_sint32", .sint32), .init(6, "a_sint64", .sint64),
                .init(7, "a_fixed32", .fixed32), .init(8, "a_fixed64", .fixed64), .init(9, "a_sfixed32", .sfixed32),
                .init(10, "a_sfixed64", .sfixed64), .init(11, "a_float", .float), .init(12, "a_double", .double),
                .init(13, "a_bool", .bool), .init(14, "a_string", .string), .init(15, "a_bytes", .bytes),
                .init(16, "a_enum", .enumeration), .init(17, "a_message", message), .init(18, "last", .bool),
            ]
        ),
        (
            LAYOUT_REPEATED,
            [
                .init(1, "first", .bool), .init(2, "a_int32", .int32, .repeated),
                .init(3, "a_string", .string, .expanded), .init(4, "a_message", message, .repeated),
                .init(5, "a_map", .bool, .map(key: .int32)), .init(6, "last", .bool),
            ]
        ),
        (
            LAYOUT_OPTIONAL,
            [
                .init(1, "a_bool", .bool, .optional), .init(2, "a_int64", .int64, .optional),
                .init(3, "a_float", .float, .optional), .init(4, "a_bytes", .bytes, .optional),
                .init(5, "a_message", message, .optional), .init(6, "a_enum", .enumeration, .optional),
            ]
        ),
        (
            LAYOUT_ONEOF,
            [
                .init(1, "before", .bool), .init(2, "a_int32", .int32, .oneof(0)), .init(3, "a_bool", .bool, .oneof(1)),
                .init(4, "a_bytes", .bytes, .oneof(0)), .init(5, "a_float", .float, .oneof(1)),
                .init(6, "a_message", message, .oneof(0)), .init(7, "after", .bool),
            ]
        ),
        (LAYOUT_SMALL_ONEOF, [.init(1, "a_bool", .bool, .oneof(0))]),
        (LAYOUT_EMPTY, []),
        (LAYOUT_ONE_BOOL, [.init(1, "a_bool", .bool)]),
    ]

    @Test("A block is laid out as the C compiler lays out the struct", arguments: cases.indices)
    func block(index: Int) {
        let (fixture, fields) = Self.cases[index]
        let layout = BlockLayout(of: fields)
        #expect(layout.size == layout_size(fixture))
        #expect(layout.positions.count == layout_count(fixture))
        for (index, position) in layout.positions.enumerated() {
            let member = layout_member_at(fixture, index)
            #expect(position.offset == member.offset, "\(fields[index].name)")
            #expect(position.quantifierOffset == member.quantifier_offset, "\(fields[index].name)")
        }
    }

    @Test("The type of bytes fields is laid out as protobuf-c's")
    func bytes() {
        #expect(MemoryLayout<BlockBytes>.size == layout_bytes_size())
        #expect(MemoryLayout<BlockBytes>.offset(of: \.count) == layout_bytes_length_offset())
        #expect(MemoryLayout<BlockBytes>.offset(of: \.address) == layout_bytes_address_offset())
    }

    @Test("An element of a repeated field takes the room that it takes in a C array")
    func strides() {
        #expect(Bool.protobufStride == ProtobufFieldType.bool.cLayout.size)
        #expect(Int32.protobufStride == ProtobufFieldType.int32.cLayout.size)
        #expect(Double.protobufStride == ProtobufFieldType.double.cLayout.size)
        #expect(String.protobufStride == ProtobufFieldType.string.cLayout.size)
        #expect(Weir_Test_AllTypes.Color.protobufStride == ProtobufFieldType.enumeration.cLayout.size)
        #expect(Google_Protobuf_Timestamp.protobufStride == Self.message.cLayout.size)
    }
}
