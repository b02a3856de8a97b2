// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// For generated code: the numbers, which a message block holds as they are.
public protocol ProtobufNumber: ProtobufValue, BitwiseCopyable {}

extension ProtobufNumber {
    /// For generated code: the size of the number in bytes.
    @inlinable
    public static var protobufStride: Int { MemoryLayout<Self>.stride }

    /// For generated code: stores the number.
    @inlinable
    public func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter) {
        slot.store(self)
    }

    /// For generated code: loads the number.
    @inlinable
    public static func protobufLoad(from slot: ProtobufSlot, by reader: ProtobufReader) -> Self {
        slot.load(as: Self.self)
    }
}

extension ProtobufNumber where Self: FixedWidthInteger {
    /// For generated code: whether the number is 0.
    @inlinable
    public var protobufIsDefault: Bool { self == 0 }
}

extension Int32: ProtobufNumber {}
extension Int64: ProtobufNumber {}
extension UInt32: ProtobufNumber {}
extension UInt64: ProtobufNumber {}

extension Float: ProtobufNumber {
    /// For generated code: whether the number is +0; -0 is encoded.
    @inlinable
    public var protobufIsDefault: Bool { bitPattern == 0 }
}

extension Double: ProtobufNumber {
    /// For generated code: whether the number is +0; -0 is encoded.
    @inlinable
    public var protobufIsDefault: Bool { bitPattern == 0 }
}

extension Bool: ProtobufValue {
    /// For generated code: `protobuf_c_boolean` is a C `int`.
    @inlinable
    public static var protobufStride: Int { MemoryLayout<CInt>.stride }

    /// For generated code: whether the value is false.
    @inlinable
    public var protobufIsDefault: Bool { !self }

    /// For generated code: stores the value as a C `int`.
    @inlinable
    public func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter) {
        slot.store(self ? CInt(1) : 0)
    }

    /// For generated code: loads the value from a C `int`.
    @inlinable
    public static func protobufLoad(from slot: ProtobufSlot, by reader: ProtobufReader) -> Bool {
        slot.load(as: CInt.self) != 0
    }
}

extension String: ProtobufValue {
    /// For generated code: the size of a length and an address in bytes.
    @inlinable
    public static var protobufStride: Int { MemoryLayout<BlockBytes>.stride }

    /// For generated code: whether the string is empty.
    @inlinable
    public var protobufIsDefault: Bool { isEmpty }

    /// For generated code: copies the UTF-8 code units to the arena and stores their address.
    @inlinable
    public func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter) {
        writer.storeString(self, in: slot)
    }

    /// For generated code: loads and validates UTF-8.
    @inlinable
    public static func protobufLoad(
        from slot: ProtobufSlot, by reader: ProtobufReader
    ) throws(ProtobufError) -> String {
        try reader.loadString(from: slot)
    }
}

extension ByteBuffer: ProtobufValue {
    /// For generated code: the size of a length and an address in bytes.
    @inlinable
    public static var protobufStride: Int { MemoryLayout<BlockBytes>.stride }

    /// For generated code: whether no byte is readable.
    @inlinable
    public var protobufIsDefault: Bool { readableBytes == 0 }

    /// For generated code: stores the address of the readable bytes, which are not copied.
    @inlinable
    public func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter) {
        writer.storeBytes(self, in: slot)
    }

    /// For generated code: loads the bytes, as a slice of the encoded message where that pays.
    @inlinable
    public static func protobufLoad(from slot: ProtobufSlot, by reader: ProtobufReader) -> ByteBuffer {
        reader.loadBytes(from: slot)
    }
}
