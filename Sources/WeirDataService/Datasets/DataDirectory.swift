// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The directory whose files are data sets, and the rules by which a name finds one.
///
/// A name is a relative path in bytes, as ``DatasetCatalog/list()`` spells it. One that is absolute, or has an empty
/// component, `.`, `..` or a zero byte, names nothing. What is opened must be a regular file whose real path lies under
/// the directory's real path, so links are followed as long as they stay inside. Hard links cannot be told from files.
struct DataDirectory: Sendable {
    /// The real, absolute path of the directory, in bytes; links in it were resolved when the service started.
    let realPath: [UInt8]

    /// Resolves a directory; blocks the thread.
    ///
    /// Throws ``DatasetError/rootUnusable(_:)``, which names the path, when it is no directory that can be read.
    init(path: String) throws(DatasetError) {
        func unusable(_ reason: String) -> DatasetError { .rootUnusable("data directory '\(path)': \(reason)") }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw unusable("this is no path") }
        let number = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let reason = errno
        guard number >= 0 else { throw unusable(DatasetError.reason(reason)) }
        let directory = OwnedDescriptor(adopting: number)
        // Without search permission, names can be listed but nothing can be opened.
        guard unsafe faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) == 0 else {
            throw unusable(DatasetError.reason(errno))
        }
        guard let realPath = directory.kernelPath() else {
            throw unusable("its real path is unknown; is /proc mounted?")
        }
        self.realPath = realPath
    }

    /// Opens a data set for reading; blocks the thread.
    ///
    /// Throws ``DatasetError/notFound`` for every name that is not the name of a readable file under the directory,
    /// whatever the reason.
    func open(_ name: String) throws(DatasetError) -> OpenFile {
        guard Self.isRelativeName(name.utf8) else { throw .notFound }
        // Nothing outside is opened, not even for a moment: O_PATH only finds the file. It starts no device, waits for
        // no writer of a pipe, and the check that follows is made on the very file that is then read.
        let found = try OwnedDescriptor(path: absolutePath(name.utf8), flags: OwnedDescriptor.findOnly | O_CLOEXEC)
        guard try found.status().isRegularFile, contains(found) else { throw .notFound }
        let path = Array("/proc/self/fd/\(found.number)".utf8)
        return try OpenFile(OwnedDescriptor(path: path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC))
    }

    /// Whether the real path of an open file lies under the directory at this moment.
    func contains(_ file: borrowing OwnedDescriptor) -> Bool {
        guard let path = file.kernelPath() else { return false }
        let prefix = absolutePath("".utf8)
        return path.count > prefix.count && path.starts(with: prefix)
    }

    /// The directory's real path, a slash, and a name.
    func absolutePath(_ name: some Sequence<UInt8>) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        return (realPath.last == slash ? realPath : realPath + [slash]) + name
    }

    private static func isRelativeName(_ name: String.UTF8View) -> Bool {
        guard !name.contains(0) else { return false }
        return name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { component in
            !component.isEmpty && !component.elementsEqual(".".utf8) && !component.elementsEqual("..".utf8)
        }
    }
}
