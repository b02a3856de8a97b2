// SPDX-License-Identifier: Apache-2.0

/// For generated code: a type that a field of a message can have.
public protocol ProtobufValue: Sendable, Equatable {
    /// Creates the default: zero, empty, the first value of an enum.
    init()

    /// The room an element of a repeated field takes in a message block, in bytes.
    static var protobufStride: Int { get }

    /// Whether this is the default, which a field without presence leaves out of the encoding.
    var protobufIsDefault: Bool { get }

    /// Stores the value in a message block.
    func protobufStore(in slot: ProtobufSlot, for writer: ProtobufWriter)

    /// Loads the value from a message block; throws if it is a string that is not UTF-8.
    static func protobufLoad(from slot: ProtobufSlot, by reader: ProtobufReader) throws(ProtobufError) -> Self
}
