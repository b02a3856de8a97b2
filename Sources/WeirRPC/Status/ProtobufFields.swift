// SPDX-License-Identifier: Apache-2.0

/// Reads the few Protocol Buffers messages that the protocol itself needs (the details of a status), field by field.
///
/// Nothing traps: whatever is not a well-formed message ends the reading with nil.
struct ProtobufFields {
    /// One field: its number, and what it holds.
    struct Field {
        var number: UInt64
        var value: Value

        /// A field's value; groups are not known here, and proto3 has none.
        enum Value {
            case varint(UInt64)
            case bytes(ArraySlice<UInt8>)
            /// Four or eight bytes that are skipped: no message here has such a field.
            case fixed
        }
    }

    private var rest: ArraySlice<UInt8>

    /// Reads from these bytes.
    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// Calls `body` with each field in order; returns false as soon as the bytes are not a message or `body` returns false.
    static func forEach(in bytes: ArraySlice<UInt8>, _ body: (Field) -> Bool) -> Bool {
        var fields = ProtobufFields(bytes)
        while !fields.rest.isEmpty {
            guard let field = fields.next(), body(field) else { return false }
        }
        return true
    }

    private mutating func next() -> Field? {
        guard let tag = varint(), tag >> 3 != 0, tag <= UInt64(UInt32.max) else { return nil }
        let number = tag >> 3
        switch tag & 7 {
        case 0: return varint().map { Field(number: number, value: .varint($0)) }
        case 1: return skip(8) ? Field(number: number, value: .fixed) : nil
        case 2:
            guard let length = varint(), length <= UInt64(rest.count) else { return nil }
            let value = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return Field(number: number, value: .bytes(value))
        case 5: return skip(4) ? Field(number: number, value: .fixed) : nil
        default: return nil
        }
    }

    private mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            // Of a tenth byte one bit is left; what is beyond it is dropped, as protobuf does.
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}

extension ProtobufFields.Field {
    /// The field's text if it is a string field of well-formed UTF-8.
    var string: String? {
        guard case .bytes(let bytes) = value else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The bytes of the field if it holds some.
    var bytes: ArraySlice<UInt8>? {
        guard case .bytes(let bytes) = value else { return nil }
        return bytes
    }

    /// Takes the field's text; false if it is not text.
    func take(_ text: inout String) -> Bool {
        guard let string else { return false }
        text = string
        return true
    }

    /// Takes the field as a message and appends it; false if it is none.
    func append<Message>(_ message: (ArraySlice<UInt8>) -> Message?, to messages: inout [Message]) -> Bool {
        guard let bytes, let one = message(bytes) else { return false }
        messages.append(one)
        return true
    }
}
