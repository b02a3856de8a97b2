// SPDX-License-Identifier: Apache-2.0

/// The name of a service, as the first part of a method's path.
public struct ServiceDescriptor: Hashable, Sendable {
    /// The package and the service's name, for example `weir.data.v1.DataService`.
    public let fullyQualifiedName: String

    /// The service of that fully qualified name.
    public init(fullyQualifiedName: String) {
        self.fullyQualifiedName = fullyQualifiedName
    }
}

extension ServiceDescriptor: CustomStringConvertible {
    /// The fully qualified name.
    public var description: String { fullyQualifiedName }
}
