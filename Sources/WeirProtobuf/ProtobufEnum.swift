// SPDX-License-Identifier: Apache-2.0

/// A Protocol Buffers enum (proto3): open, so that values this program does not know are kept and passed on.
public protocol ProtobufEnum: ProtobufValue, RawRepresentable, Hashable where RawValue == Int32 {
    /// Creates the value with a number; numbers without a name become `UNRECOGNIZED`.
    init(rawValue: Int32)
}

extension ProtobufEnum {
    /// For generated code: the size of an enum in C in bytes.
    @inlinable
    public static var protobufStride: Int { MemoryLayout<Int32>.stride }

    /// For generated code: whether the value's number is 0.
    @inlinable
    public var protobufIsDefault: Bool { rawValue == 0 }

    /// For generated code: stores the number.
    @inlinable
    public func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter) {
        slot.store(rawValue)
    }

    /// For generated code: loads the number.
    @inlinable
    public static func protobufLoad(from slot: ProtobufSlot, by reader: ProtobufReader) -> Self {
        Self(rawValue: slot.load(as: Int32.self))
    }
}
