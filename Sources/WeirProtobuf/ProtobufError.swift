// SPDX-License-Identifier: Apache-2.0

/// Why a message could not be decoded or encoded.
///
/// Nothing of the message's content is part of the error, only its position, so that it can be logged.
public struct ProtobufError: Error, Sendable, Hashable {
    /// What was wrong.
    public var code: Code

    /// The full Protocol Buffers name of the message in which it was found.
    public var messageName: String

    /// The number of the field in which it was found, if it was in one.
    public var fieldNumber: Int?

    /// Where in the encoded message it was found, in bytes from its start, if that is known.
    public var byteOffset: Int?

    /// Creates an error.
    public init(_ code: Code, messageName: String, fieldNumber: Int? = nil, byteOffset: Int? = nil) {
        self.code = code
        self.messageName = messageName
        self.fieldNumber = fieldNumber
        self.byteOffset = byteOffset
    }
}

extension ProtobufError {
    /// The kinds of error.
    public enum Code: Sendable, Hashable, CaseIterable {
        /// The message ends inside a field.
        case truncated
        /// A variable-length integer is longer than ten bytes, or does not fit in 64 bits.
        case malformedVarint
        /// A tag is longer than five bytes, or its field number is 0 or above 536,870,911.
        case invalidFieldNumber
        /// A tag has one of the two wire types that are not defined.
        case invalidWireType
        /// A group ends that did not begin, or does not end.
        case unbalancedGroup
        /// A packed repeated field is not a whole number of elements long.
        case malformedPackedField
        /// Messages or groups are nested deeper than the limit.
        case nestingTooDeep
        /// A `string` field is not UTF-8.
        case invalidUTF8
        /// Decoding would need more memory than the options allow for a message of this size.
        case memoryLimitExceeded
        /// The encoded message is longer than 2,147,483,647 bytes, the most that Protocol Buffers allow.
        case messageTooLarge
        /// The decoder refused the message for a reason that it does not tell.
        case refused
    }
}

extension ProtobufError: CustomStringConvertible {
    /// A sentence for a log or a status message.
    public var description: String {
        var text = "\(messageName): \(code.explanation)"
        if let fieldNumber { text += " (field \(fieldNumber))" }
        if let byteOffset { text += " at byte \(byteOffset)" }
        return text
    }
}

extension ProtobufError.Code {
    fileprivate var explanation: String {
        switch self {
        case .truncated: "the message ends inside a field"
        case .malformedVarint: "a variable-length integer does not fit in 64 bits"
        case .invalidFieldNumber: "a field number is out of range"
        case .invalidWireType: "a wire type is not defined"
        case .unbalancedGroup: "a group does not begin and end in the same message"
        case .malformedPackedField: "a packed field is not a whole number of elements"
        case .nestingTooDeep: "messages are nested too deep"
        case .invalidUTF8: "a string is not UTF-8"
        case .memoryLimitExceeded: "decoding needs more memory than allowed for a message of this size"
        case .messageTooLarge: "the message is longer than 2 GiB"
        case .refused: "the message was refused by the decoder"
        }
    }
}
