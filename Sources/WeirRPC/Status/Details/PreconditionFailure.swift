// SPDX-License-Identifier: Apache-2.0

/// What has to be done before the call can succeed (`google/rpc/error_details.proto`, `PreconditionFailure`).
public struct PreconditionFailure: Hashable, Sendable {
    /// One condition that is not met.
    public struct Violation: Hashable, Sendable {
        /// What kind of condition it is, as a constant of the service, such as `TERMS`.
        public var type: String
        /// What it is about.
        public var subject: String
        /// How to meet it, for a person.
        public var description: String

        /// A condition of this kind.
        public init(type: String, subject: String, description: String) {
            self.type = type
            self.subject = subject
            self.description = description
        }
    }

    /// The conditions that are not met.
    public var violations: [Violation]

    /// A detail with these.
    public init(violations: [Violation]) {
        self.violations = violations
    }
}

extension PreconditionFailure {
    /// The serialised message: repeated violations = 1, each with type = 1, subject = 2, description = 3.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        for one in violations {
            writer.writeMessage(field: 1) { (inner: inout ProtobufWriter) in
                inner.writeString(one.type, field: 1)
                inner.writeString(one.subject, field: 2)
                inner.writeString(one.description, field: 3)
            }
        }
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(violations: [])
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            field.number == 1 ? field.append(Violation.init(encoded:), to: &violations) : true
        }
        guard isWhole else { return nil }
    }
}

extension PreconditionFailure.Violation {
    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(type: "", subject: "", description: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.take(&type)
            case 2: field.take(&subject)
            case 3: field.take(&description)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
