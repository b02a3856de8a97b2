// SPDX-License-Identifier: Apache-2.0

/// What the user of the generator can choose, with `--weir_opt`.
public struct GeneratorOptions: Sendable, Hashable {
    /// Who can use the generated declarations.
    public var visibility: Visibility

    /// Whether services get a protocol for servers to implement, besides their descriptors.
    public var server: Bool

    /// Creates options; the defaults are those of a generator that is given none.
    public init(visibility: Visibility = .internal, server: Bool = true) {
        self.visibility = visibility
        self.server = server
    }

    /// The access levels that declarations of a file can have.
    public enum Visibility: String, Sendable, CaseIterable {
        /// Everybody.
        case `public`
        /// Targets of the same package.
        case package
        /// The same target.
        case `internal`
    }
}

extension GeneratorOptions {
    /// Reads the options from the parameter that `protoc` passes on, `visibility=public,server=false`.
    ///
    /// Throws for a name or value that is not known.
    public init(parameter: String) throws(GeneratorError) {
        self.init()
        for item in parameter.split(separator: ",") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = trimmed(parts[0])
            guard parts.count == 2 else { throw GeneratorError("option \(name): a value is missing, as in \(name)=…") }
            let value = trimmed(parts[1])
            switch name {
            case "visibility":
                guard let visibility = Visibility(rawValue: value) else {
                    throw GeneratorError("option visibility: \(value) is none of public, package, internal")
                }
                self.visibility = visibility
            case "server":
                guard let server = Bool(value) else {
                    throw GeneratorError("option server: \(value) is neither true nor false")
                }
                self.server = server
            default:
                throw GeneratorError("option \(name) is unknown; there are visibility and server")
            }
        }
    }
}

private func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
}
