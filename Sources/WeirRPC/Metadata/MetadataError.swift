// SPDX-License-Identifier: Apache-2.0

/// Why a name or a value was refused as metadata.
public enum MetadataError: Error, Hashable, Sendable {
    /// The name is empty or has a character other than `0-9 a-z _ . -` (capitals are lowered first).
    case invalidName(String)
    /// The name belongs to the protocol: `grpc-...`, a pseudo-header, or a field that HTTP/2 or gRPC sets itself.
    case reservedName(String)
    /// The name ends in `-bin` but the value is text.
    case textForBinaryName(String)
    /// The value is binary but the name does not end in `-bin`.
    case binaryForTextName(String)
    /// The text value for that name has a character outside printable ASCII (0x20 to 0x7E).
    case invalidValue(name: String)
}

extension MetadataError: CustomStringConvertible {
    /// What is wrong and what would be right.
    public var description: String {
        switch self {
        case .invalidName(let name):
            "metadata name \"\(name)\" must be of the characters 0-9, a-z, '_', '.' and '-'"
        case .reservedName(let name):
            "metadata name \"\(name)\" is reserved for the protocol"
        case .textForBinaryName(let name):
            "metadata \"\(name)\" takes bytes: a name that ends in \"-bin\" is binary"
        case .binaryForTextName(let name):
            "metadata \"\(name)\" cannot take bytes: the name must end in \"-bin\""
        case .invalidValue(let name):
            "the text of metadata \"\(name)\" must be printable ASCII; anything else needs a name that ends in \"-bin\""
        }
    }
}
