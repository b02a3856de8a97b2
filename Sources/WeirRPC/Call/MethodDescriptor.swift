// SPDX-License-Identifier: Apache-2.0

/// One method of a service: its name, its kind and the path that calls it.
public struct MethodDescriptor: Hashable, Sendable {
    /// The service the method belongs to.
    public let service: ServiceDescriptor
    /// The method's name within its service, for example `StreamDataset`.
    public let name: String
    /// Which sides of its calls are streams.
    public let kind: MethodKind
    /// The value of `:path` for this method, `/package.Service/Method`; computed once.
    public let path: String

    /// The method of that name and kind in `service`.
    public init(service: ServiceDescriptor, name: String, kind: MethodKind) {
        self.service = service
        self.name = name
        self.kind = kind
        self.path = "/\(service.fullyQualifiedName)/\(name)"
    }

    /// Whether two descriptors name the same method of the same kind.
    public static func == (left: MethodDescriptor, right: MethodDescriptor) -> Bool {
        left.kind == right.kind && left.name == right.name && left.service == right.service
    }

    /// Hashes the path alone, which service and name determine.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(path)
    }
}

extension MethodDescriptor: CustomStringConvertible {
    /// The path.
    public var description: String { path }
}
