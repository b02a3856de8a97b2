// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What this process says on its standard output, written at once: it may be a pipe.
enum StandardOutput {
    /// Writes one line.
    ///
    /// - Throws: `CommandFailure` when not all of it could be written.
    static func line(_ text: String) throws { try write(text + "\n") }

    /// Writes all of a text; blocks while nobody reads it.
    ///
    /// - Throws: `CommandFailure` when not all of it could be written.
    static func write(_ text: String) throws {
        let error = write(Array(text.utf8), to: STDOUT_FILENO)
        if error != 0 { throw failure(error) }
    }

    /// Writes all of the bytes; returns 0, or the error's number.
    static func write(_ bytes: [UInt8], to file: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody made the file one that does not block, such as a shell's terminal.
                var asked = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                poll(&asked, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    /// The failure of a write.
    static func failure(_ error: Int32) -> CommandFailure {
        CommandFailure(.ioError, "standard output cannot be written: \(String(cString: strerror(error)))")
    }
}
