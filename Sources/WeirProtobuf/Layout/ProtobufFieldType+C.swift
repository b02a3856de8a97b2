// SPDX-License-Identifier: Apache-2.0

import CProtobufC

extension ProtobufFieldType {
    /// protobuf-c's name of the type.
    ///
    /// A `string` is declared as `bytes`: protobuf-c would cut it at the first NUL.
    var cType: ProtobufCType {
        switch self {
        case .int32: PROTOBUF_C_TYPE_INT32
        case .int64: PROTOBUF_C_TYPE_INT64
        case .uint32: PROTOBUF_C_TYPE_UINT32
        case .uint64: PROTOBUF_C_TYPE_UINT64
        case .sint32: PROTOBUF_C_TYPE_SINT32
        case .sint64: PROTOBUF_C_TYPE_SINT64
        case .fixed32: PROTOBUF_C_TYPE_FIXED32
        case .fixed64: PROTOBUF_C_TYPE_FIXED64
        case .sfixed32: PROTOBUF_C_TYPE_SFIXED32
        case .sfixed64: PROTOBUF_C_TYPE_SFIXED64
        case .float: PROTOBUF_C_TYPE_FLOAT
        case .double: PROTOBUF_C_TYPE_DOUBLE
        case .bool: PROTOBUF_C_TYPE_BOOL
        case .string, .bytes: PROTOBUF_C_TYPE_BYTES
        case .enumeration: PROTOBUF_C_TYPE_ENUM
        case .message: PROTOBUF_C_TYPE_MESSAGE
        }
    }

    /// Size and alignment of the type in a C struct, in bytes.
    var cLayout: (size: Int, alignment: Int) {
        switch self {
        case .int32, .uint32, .sint32, .fixed32, .sfixed32, .float, .enumeration:
            (MemoryLayout<Int32>.size, MemoryLayout<Int32>.alignment)
        case .int64, .uint64, .sint64, .fixed64, .sfixed64, .double:
            (MemoryLayout<Int64>.size, MemoryLayout<Int64>.alignment)
        case .bool:
            (MemoryLayout<protobuf_c_boolean>.size, MemoryLayout<protobuf_c_boolean>.alignment)
        case .string, .bytes:
            unsafe (MemoryLayout<ProtobufCBinaryData>.size, MemoryLayout<ProtobufCBinaryData>.alignment)
        case .message:
            unsafe (MemoryLayout<UnsafeRawPointer?>.size, MemoryLayout<UnsafeRawPointer?>.alignment)
        }
    }

    /// How a single value looks on the wire.
    var wireForm: WireForm {
        switch self {
        case .int32, .int64, .uint32, .uint64, .sint32, .sint64, .bool, .enumeration: .varint
        case .fixed32, .sfixed32, .float: .fixed32
        case .fixed64, .sfixed64, .double: .fixed64
        case .string: .string
        case .bytes: .bytes
        case .message: .message
        }
    }

    /// Whether a value of +0 differs in bits from one that compares equal to it (-0).
    ///
    /// protobuf-c leaves -0 out of the encoding when a field has no presence, so such a field is given presence.
    var isFloatingPoint: Bool {
        switch self {
        case .float, .double: true
        default: false
        }
    }
}

/// How a value looks on the wire.
enum WireForm: UInt8 {
    case varint, fixed32, fixed64, string, bytes, message

    /// The wire type in the tag of a single value.
    var wireType: UInt32 {
        switch self {
        case .varint: WireType.varint
        case .fixed64: WireType.fixed64
        case .fixed32: WireType.fixed32
        case .string, .bytes, .message: WireType.lengthDelimited
        }
    }

    /// Whether several values can share one tag.
    var isPackable: Bool {
        switch self {
        case .varint, .fixed32, .fixed64: true
        case .string, .bytes, .message: false
        }
    }
}

/// The wire types (Protocol Buffers encoding, "Message Structure").
enum WireType {
    static let varint: UInt32 = 0
    static let fixed64: UInt32 = 1
    static let lengthDelimited: UInt32 = 2
    static let startGroup: UInt32 = 3
    static let endGroup: UInt32 = 4
    static let fixed32: UInt32 = 5
}
