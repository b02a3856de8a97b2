// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What one directory contributes to a listing.
struct DirectoryPage: Sendable {
    /// The files that can be opened, by their names relative to the data directory.
    var files: [DatasetEntry] = []
    /// The directories in it that are no links, by their names relative to the data directory, in the order of bytes.
    var directories: [String] = []
    /// The names that were looked at.
    var examinedNames = 0
    /// False when a limit or an error ended the reading early.
    var isComplete = true
}

extension DirectoryPage {
    /// Reads the directory with the given relative name, `""` being the data directory itself; blocks the thread.
    ///
    /// Links are not descended: what they lead to inside the data directory has a real name that is listed, so a cycle
    /// cannot arise. Links to files that stay inside are listed. Names that are not UTF-8 cannot be asked for and are
    /// left out. A directory that vanished, or that cannot be read, makes the page incomplete.
    init(
        of directory: String, in root: DataDirectory, atMost fileLimit: Int, examining nameLimit: Int
    ) {
        let path = directory.isEmpty ? root.realPath : root.absolutePath(directory.utf8)
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        // A real path other than the name means that some component has become a link since its parent was read.
        guard let opened = try? OwnedDescriptor(path: path, flags: flags), opened.kernelPath() == path else {
            isComplete = false
            return
        }
        let number = opened.release()
        guard let stream = unsafe fdopendir(number) else {
            _ = close(number)
            isComplete = false
            return
        }
        // The stream owns the descriptor from here on, and this closes both after the last use below.
        defer { unsafe closedir(stream) }
        let names = unsafe readNames(stream, atMost: nameLimit)
        let prefix = directory.isEmpty ? "" : directory + "/"
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            add(name, prefix: prefix, directory: number, root: root, fileLimit: fileLimit)
        }
    }

    private mutating func readNames(_ stream: OpaquePointer, atMost limit: Int) -> [String] {
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { isComplete = false }
                return names
            }
            // The name is read in place: the kernel's record ends with the name, before the structure's own end.
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let start = unsafe UnsafeRawPointer(entry) + offset
            let length = unsafe strlen(start.assumingMemoryBound(to: CChar.self))
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: start, count: length))
            if bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) { continue }
            guard examinedNames < limit else {
                isComplete = false
                return names
            }
            examinedNames += 1
            if let name = String(validating: bytes, as: UTF8.self) { names.append(name) }
        }
    }

    private mutating func add(
        _ name: String, prefix: String, directory: Int32, root: DataDirectory, fileLimit: Int
    ) {
        var status = stat()
        // A file that vanished since its name was read is simply not there any more.
        guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        if status.isDirectory {
            directories.append(prefix + name)
            return
        }
        if status.isLink {
            let path = root.absolutePath((prefix + name).utf8)
            guard let target = try? OwnedDescriptor(path: path, flags: OwnedDescriptor.findOnly | O_CLOEXEC),
                root.contains(target),
                let targetStatus = try? target.status()
            else { return }
            status = targetStatus
        }
        guard status.isRegularFile, unsafe faccessat(directory, name, R_OK, AT_EACCESS) == 0 else { return }
        guard files.count < fileLimit else {
            isComplete = false
            return
        }
        files.append(
            DatasetEntry(
                name: prefix + name, kind: .file, sizeBytes: UInt64(clamping: status.st_size),
                modified: status.modified))
    }
}
