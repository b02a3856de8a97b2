// SPDX-License-Identifier: Apache-2.0

/// For generated code: one field of a message.
public struct ProtobufField: Sendable {
    /// The field's number in the `.proto` file.
    public var number: Int32

    /// The field's name in the `.proto` file.
    public var name: String

    /// What a value of the field is; of a map, what its values are.
    public var type: ProtobufFieldType

    /// How many values the field has, and how a missing one is told from the default.
    public var rule: Rule

    /// How many values a field has.
    public enum Rule: Sendable {
        /// One; the default is left out. Messages: one or none.
        case implicit
        /// One or none (`optional`).
        case optional
        /// Any number; numbers are packed.
        case repeated
        /// Any number; numbers are not packed (`[packed = false]`).
        case expanded
        /// Any number by key.
        case map(key: ProtobufFieldType)
        /// One or none; at most one of all fields with the same oneof index.
        case oneof(Int)
    }

    /// Creates a field.
    public init(_ number: Int32, _ name: String, _ type: ProtobufFieldType, _ rule: Rule = .implicit) {
        self.number = number
        self.name = name
        self.type = type
        self.rule = rule
    }
}

/// For generated code: the types of the Protocol Buffers language.
public enum ProtobufFieldType: Sendable {
    /// The variable-length numbers.
    case int32, int64, uint32, uint64, sint32, sint64
    /// The numbers of fixed length.
    case fixed32, fixed64, sfixed32, sfixed64, float, double
    /// The others.
    case bool, string, bytes, enumeration
    /// A message. The layout is asked for late, because messages may contain each other.
    case message(@Sendable () -> ProtobufLayout)
}
