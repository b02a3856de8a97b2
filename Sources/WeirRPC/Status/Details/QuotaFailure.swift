// SPDX-License-Identifier: Apache-2.0

/// Which quotas were used up (`google/rpc/error_details.proto`, `QuotaFailure`).
public struct QuotaFailure: Hashable, Sendable {
    /// One quota that was used up.
    public struct Violation: Hashable, Sendable {
        /// Whose quota it is, such as `clientip:192.0.2.1`.
        public var subject: String
        /// What was used up and by how much, for a person.
        public var description: String

        /// A quota of somebody.
        public init(subject: String, description: String) {
            self.subject = subject
            self.description = description
        }
    }

    /// The quotas.
    public var violations: [Violation]

    /// A detail with these.
    public init(violations: [Violation]) {
        self.violations = violations
    }
}

extension QuotaFailure {
    /// The serialised message: repeated violations = 1, each with subject = 1, description = 2.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        for one in violations {
            writer.writeMessage(field: 1) { (inner: inout ProtobufWriter) in
                inner.writeString(one.subject, field: 1)
                inner.writeString(one.description, field: 2)
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

extension QuotaFailure.Violation {
    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(subject: "", description: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.take(&subject)
            case 2: field.take(&description)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
