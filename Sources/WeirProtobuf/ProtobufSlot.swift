// SPDX-License-Identifier: Apache-2.0

/// For generated code: the place of one field, or of one element of a repeated field, in a message block.
///
/// The runtime alone makes slots; each is valid while the message is being written or read.
@safe
public struct ProtobufSlot {
    // Invariant: the address of a field of the type being stored or loaded, inside a block of the current session.
    @usableFromInline let address: UnsafeMutableRawPointer
    /// The number of the field, for errors.
    @usableFromInline let fieldNumber: UInt32

    @inlinable
    init(address: UnsafeMutableRawPointer, fieldNumber: UInt32) {
        unsafe self.address = unsafe address
        self.fieldNumber = fieldNumber
    }

    /// Stores a number as C would.
    @inlinable
    func store<T: BitwiseCopyable>(_ value: T) {
        unsafe address.storeBytes(of: value, as: T.self)
    }

    /// Loads a number as C would.
    @inlinable
    func load<T: BitwiseCopyable>(as type: T.Type) -> T {
        unsafe address.load(as: T.self)
    }
}

/// The C type of `string` and `bytes` fields, `ProtobufCBinaryData`, laid out the same; a test compares the two.
@usableFromInline
@safe
struct BlockBytes: BitwiseCopyable {
    @usableFromInline var count: Int
    // Invariant: `count` bytes that outlive the block, or nil when `count` is 0.
    @usableFromInline var address: UnsafeRawPointer?

    @inlinable
    init(address: UnsafeRawPointer?, count: Int) {
        unsafe self.address = unsafe address
        self.count = count
    }
}
