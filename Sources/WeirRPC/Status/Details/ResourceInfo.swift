// SPDX-License-Identifier: Apache-2.0

/// What was asked for and is the reason of the failure (`google/rpc/error_details.proto`, `ResourceInfo`).
public struct ResourceInfo: Hashable, Sendable {
    /// What kind of thing it is, such as `dataset`, or a type URL.
    public var resourceType: String
    /// Its name, as far as the caller may know it.
    public var resourceName: String
    /// Who owns it, such as `user:NAME`; may be empty.
    public var owner: String
    /// What went wrong with it, for a person.
    public var description: String

    /// A thing of this kind and name.
    public init(resourceType: String, resourceName: String, owner: String = "", description: String = "") {
        self.resourceType = resourceType
        self.resourceName = resourceName
        self.owner = owner
        self.description = description
    }
}

extension ResourceInfo {
    /// The serialised message: resource_type = 1, resource_name = 2, owner = 3, description = 4.
    func encoded() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.writeString(resourceType, field: 1)
        writer.writeString(resourceName, field: 2)
        writer.writeString(owner, field: 3)
        writer.writeString(description, field: 4)
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none.
    init?(encoded bytes: ArraySlice<UInt8>) {
        self.init(resourceType: "", resourceName: "", owner: "", description: "")
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            switch field.number {
            case 1: field.take(&resourceType)
            case 2: field.take(&resourceName)
            case 3: field.take(&owner)
            case 4: field.take(&description)
            default: true
            }
        }
        guard isWhole else { return nil }
    }
}
