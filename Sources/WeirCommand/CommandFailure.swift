// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why the command cannot do what it was asked to: one line for a person, a code for a script.
struct CommandFailure: Error {
    /// Exit codes, as `sysexits.h` has them.
    enum Code: Int32 {
        /// What a bench was to judge could not be judged; of `weir slow-clients` only.
        case couldNotRun = 2
        /// The command line is wrong.
        case usage = 64
        /// A file or directory cannot be read.
        case noInput = 66
        /// A program or an address is not available.
        case unavailable = 69
        /// The operating system refused something.
        case systemError = 71
        /// Something cannot be written.
        case cannotCreate = 73
        /// Standard output takes nothing.
        case ioError = 74
    }

    var code: Code
    var message: String
    var hint: String?

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Prints the line to standard error and ends the process.
    func exit() -> Never {
        Self.say("\(message)\(hint.map { " (\($0))" } ?? "")")
        Glibc.exit(code.rawValue)
    }

    /// Prints a line to standard error.
    static func say(_ text: String) {
        // Where nobody hears it there is nobody to be told that.
        _ = StandardOutput.write(Array("weir: \(text)\n".utf8), to: STDERR_FILENO)
    }
}
