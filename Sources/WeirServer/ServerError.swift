// SPDX-License-Identifier: Apache-2.0

/// What keeps a server from starting.
public struct ServerError: Error, Sendable, CustomStringConvertible {
    /// The kind of problem.
    public enum Code: Sendable, Hashable {
        /// A value of the configuration is out of range.
        case badConfiguration
        /// The address cannot be bound.
        case cannotListen
        /// The server was started before.
        case alreadyStarted
    }

    /// The kind of problem.
    public var code: Code
    /// What is wrong and what to do, in a sentence.
    public var message: String
    /// The error behind this one.
    public var cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message.
    public var description: String { message }
}
