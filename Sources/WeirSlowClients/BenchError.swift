// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why a bench could not run, in one line for a person.
public struct BenchError: Error, Sendable, CustomStringConvertible {
    /// What kind of reason.
    public enum Code: Sendable {
        /// What was asked for makes no sense; the message says what to write.
        case usage
        /// The target cannot be judged.
        case couldNotRun
    }

    /// What kind of reason.
    public let code: Code
    /// The line.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The line.
    public var description: String { message }

    static func reason(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }
}
