// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a configuration: everything that was found, each with where it stands and what to write.
public struct SettingsError: Error, Sendable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// Where it stands: a flag, an environment variable, a file with its line; nil when that is not known.
        public var source: String?
        /// The setting, as a file names it; empty when it is about all of a source.
        public var key: String
        /// What is wrong and what to do, in a sentence.
        public var message: String

        /// Makes a problem.
        public init(source: String? = nil, key: String, message: String) {
            self.source = source
            self.key = key
            self.message = message
        }

        /// One line.
        public var description: String {
            // A flag and a variable say which setting it is; of a file the key has to be named.
            let names =
                source.map {
                    if $0.hasPrefix("--") || $0.hasPrefix("WEIR_") { return [$0] }
                    return [$0.hasSuffix(":") ? $0 : $0 + ":", key]
                } ?? [key]
            return (names + [message]).filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    /// What is wrong; at least one thing.
    public var problems: [Problem]

    /// Makes an error.
    public init(_ problems: [Problem]) {
        self.problems = problems
    }

    /// A line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
