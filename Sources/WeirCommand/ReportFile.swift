// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Files that reports are read from and written to.
enum ReportFile {
    /// Looks whether a file can be written before minutes of work go into it; makes it, if it is not there.
    static func checkIsWritable(_ path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure(path, "written") }
        close(file)
    }

    /// Replaces a file's content.
    static func write(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure(path, "written") }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure(path, "written") }
            rest = rest.dropFirst(count)
        }
    }

    /// A file's content, if it is no larger than that many bytes.
    static func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, "read") }
        defer { close(file) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &part, part.count)
            guard count >= 0 else { throw failure(path, "read") }
            if count == 0 { return content }
            content += part.prefix(count)
            guard content.count <= limit else {
                throw CommandFailure(.couldNotRun, "\(path) is larger than \(limit) bytes")
            }
        }
    }

    private static func failure(_ path: String, _ done: String) -> CommandFailure {
        CommandFailure(.couldNotRun, "\(path) cannot be \(done): \(String(cString: strerror(errno)))")
    }
}
