// SPDX-License-Identifier: Apache-2.0

/// Why no code can be generated: what in which declaration, for the author of the `.proto` file.
public struct GeneratorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A sentence that names the declaration.
    public var description: String

    /// Creates an error.
    public init(_ description: String) {
        self.description = description
    }
}
