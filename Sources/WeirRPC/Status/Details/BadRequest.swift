// SPDX-License-Identifier: Apache-2.0

/// Which fields of the request are wrong (`google/rpc/error_details.proto`, `BadRequest`).
public struct BadRequest: Hashable, Sendable {
    /// One field that is wrong.
    public struct FieldViolation: Hashable, Sendable {
        /// The path of the field, such as `chunk.offset` or `names[1]`.
        public var field: String
        /// What is wrong with it, for a person.
        public var description: String
        /// What is wrong with it as a constant, UPPER_SNAKE_CASE; may be empty.
        public var reason: String

        /// A field with what is wrong with it.
        public init(field: String, description: String, reason: String = "") {
            self.field = field
            self.description = description
            self.reason = reason
        }
    }

    /// The fields that are wrong.
    public var fieldViolations: [FieldViolation]

    /// A detail with these.
    public init(fieldViolations: [FieldViolation]) {
        self.fieldViolations = fieldViolations
    }
}

extension BadRequest {
    /// The serialised message: repeated field_violations = 1, each with field = 1, description = 2, reason = 3.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        for one in fieldViolations {
            writer.writeMessage(field: 1) { (inner: inout ProtobufWriter) in
                inner.writeString(one.field, field: 1)
                inner.writeString(one.description, field: 2)
                inner.writeString(one.reason, field: 3)
            }
        }
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(fieldViolations: [])
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            field.number == 1 ? field.append(FieldViolation.init(encoded:), to: &fieldViolations) : true
        }
        guard isWhole else { return nil }
    }
}

extension BadRequest.FieldViolation {
    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(field: "", description: "", reason: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { part in
            switch part.number {
            case 1: part.take(&field)
            case 2: part.take(&description)
            case 3: part.take(&reason)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
