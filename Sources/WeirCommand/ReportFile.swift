// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Files that reports are read from and written to.
enum ReportFile {
    /// Looks whether a file can be written before minutes of work go into it; leaves no trace.
    static func checkIsWritable(_ path: String) throws {
        if access(path, F_OK) == 0 {
            guard access(path, W_OK) == 0 else { throw failure(path, "written") }
            if !isReplaceable(path) { return }
        }
        let (temporary, file) = try makeBeside(path)
        close(file)
        unlink(temporary)
    }

    /// Replaces a file's content, all at once: whoever reads it gets the old one or the new one, and a disk that is full costs
    /// nobody the old one.
    ///
    /// What is no plain file, such as `/dev/stdout`, is written as it is.
    static func write(_ text: String, to path: String) throws {
        let bytes = Array(text.utf8)
        if access(path, F_OK) == 0, !isReplaceable(path) {
            let file = open(path, O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { throw failure(path, "written") }
            defer { close(file) }
            let error = StandardOutput.write(bytes, to: file)
            guard error == 0 else { throw failure(path, "written", error) }
            return
        }
        // The file that a link points to is replaced, and not the link.
        let target = resolved(path)
        let (temporary, file) = try makeBeside(target)
        var error = StandardOutput.write(bytes, to: file)
        if error == 0, fsync(file) != 0 { error = errno }
        if close(file) != 0, error == 0 { error = errno }
        if error == 0, rename(temporary, target) != 0 { error = errno }
        guard error == 0 else {
            unlink(temporary)
            throw failure(path, "written", error)
        }
    }

    /// Writes several files, whatever becomes of each.
    ///
    /// - Throws: one `CommandFailure` that names all that could not be written.
    static func writeAll(_ files: [(path: String?, text: () throws -> String)]) throws {
        var messages: [String] = []
        for (path, text) in files {
            guard let path else { continue }
            do {
                try write(try text(), to: path)
            } catch let failure as CommandFailure {
                messages.append(failure.message)
            } catch {
                messages.append("\(path) cannot be written: \(error)")
            }
        }
        if !messages.isEmpty { throw CommandFailure(.couldNotRun, messages.joined(separator: "; ")) }
    }

    /// Whether a path is a plain file: devices, pipes and the like keep their place.
    private static func isReplaceable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes a new file beside another one, with the permissions that one has, or would get.
    private static func makeBeside(_ path: String) throws -> (path: String, file: Int32) {
        var status = stat()
        let exists = stat(path, &status) == 0
        for attempt in 0..<100 {
            let temporary = "\(path).\(getpid())-\(attempt).tmp"
            let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if file >= 0 {
                if exists { fchmod(file, status.st_mode & 0o7777) }
                return (temporary, file)
            }
            guard errno == EEXIST else { throw failure(path, "written") }
        }
        throw failure(path, "written", EEXIST)
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

    private static func failure(_ path: String, _ done: String, _ error: Int32 = errno) -> CommandFailure {
        CommandFailure(.couldNotRun, "\(path) cannot be \(done): \(String(cString: strerror(error)))")
    }
}
