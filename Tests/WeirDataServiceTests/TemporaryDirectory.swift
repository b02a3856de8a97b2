// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A directory of its own for a test, gone with everything in it when the test ends.
final class TemporaryDirectory: Sendable {
    /// The absolute path, with every link resolved.
    let path: String

    init() throws {
        var template = Array("/tmp/weir-datasets-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(path)
    }

    /// The absolute path of a name.
    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, and the directories it is in.
    func write(_ name: String, _ content: [UInt8] = []) throws {
        try makeParents(of: name)
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var written = 0
        while written < content.count {
            let result = content[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            try #require(result > 0)
            written += result
        }
    }

    /// Writes a file of text.
    func write(_ name: String, text: String) throws { try write(name, Array(text.utf8)) }

    /// Makes a directory, and the ones it is in.
    func makeDirectory(_ name: String) throws {
        try makeParents(of: name + "/")
    }

    /// Makes a symbolic link.
    func link(_ name: String, to target: String) throws {
        try makeParents(of: name)
        try #require(symlink(target, path(name)) == 0)
    }

    /// Makes a named pipe.
    func makePipe(_ name: String) throws { try #require(mkfifo(path(name), 0o644) == 0) }

    /// Cuts a file or makes it longer.
    func resize(_ name: String, to bytes: Int) throws { try #require(truncate(path(name), off_t(bytes)) == 0) }

    /// Removes a name.
    func unlink(_ name: String) throws { try #require(Glibc.unlink(path(name)) == 0) }

    /// The descriptors of this process that lead into this directory, so that other tests do not disturb the count.
    func openDescriptors() -> Int {
        guard let stream = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(stream) }
        var count = 0
        while let entry = readdir(stream) {
            let number = Self.name(entry)
            var target = [CChar](repeating: 0, count: 4096)
            let length = readlink("/proc/self/fd/\(number)", &target, target.count)
            let bytes = target.prefix(max(0, length)).map { UInt8(bitPattern: $0) }
            if String(decoding: bytes, as: UTF8.self).hasPrefix(path) { count += 1 }
        }
        return count
    }

    private func makeParents(of name: String) throws {
        var current = path
        for component in name.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            current += "/\(component)"
            let result = mkdir(current, 0o755)
            try #require(result == 0 || errno == EEXIST)
        }
    }

    private static func name(_ entry: UnsafeMutablePointer<dirent>) -> String {
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        return String(cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
    }

    private static func remove(_ path: String) {
        var names: [String] = []
        // A link is removed, never followed: opendir with O_NOFOLLOW refuses it.
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if descriptor >= 0, let stream = fdopendir(descriptor) {
            while let entry = readdir(stream) { names.append(name(entry)) }
            closedir(stream)
            for name in names where name != "." && name != ".." { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            Glibc.unlink(path)
        }
    }
}
