// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file descriptor that is closed when its owner goes away, on every path.
struct OwnedDescriptor: ~Copyable, Sendable {
    /// The kernel's number, valid as long as this value lives.
    let number: Int32

    /// `O_PATH`: finds a file without opening it, so that it can be looked at and has no chance to act or to block.
    ///
    /// Written out because C shows the name only to those who ask for GNU extensions before the first include. The
    /// number is Linux's on every processor that Swift runs on.
    static let findOnly: Int32 = 0o10_000_000

    /// Takes over an open descriptor that nobody else closes.
    init(adopting number: Int32) {
        self.number = number
    }

    /// Opens a path; throws what ``DatasetError/opening(_:)`` makes of the kernel's answer.
    ///
    /// The path must hold no zero byte: C would read a shorter one.
    init(path: [UInt8], flags: Int32) throws(DatasetError) {
        let terminated = (path + [0]).map { CChar(bitPattern: $0) }
        while true {
            // The array ends in the zero byte that C looks for, and the pointer is used during the call only.
            let number = unsafe open(terminated, flags)
            let reason = errno
            if number >= 0 {
                self.number = number
                return
            }
            guard reason == EINTR else { throw DatasetError.opening(reason) }
        }
    }

    deinit {
        // On Linux the number is free again whatever close answers, so there is nothing to do about an error.
        _ = close(number)
    }

    /// Gives the number away to somebody who closes it.
    consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }
}

extension OwnedDescriptor {
    /// What the kernel knows of the open file; throws ``DatasetError/readFailed(_:)`` when it does not say.
    func status() throws(DatasetError) -> stat {
        var status = stat()
        // The structure outlives the call, which fills it or fails.
        guard unsafe fstat(number, &status) == 0 else { throw DatasetError.reading(errno) }
        return status
    }

    /// The absolute path of the open file, with every link resolved, as the kernel sees it at this moment.
    ///
    /// This is asked of the descriptor and not of a name, so nobody can exchange a directory for a link in between. Nil
    /// when the path is too long, or when `/proc` is not mounted. A file that was deleted has the suffix ` (deleted)`.
    func kernelPath() -> [UInt8]? {
        let link = "/proc/self/fd/\(number)"
        // One byte more than a path may have, so that a path that was cut off can be told from one that fits.
        let capacity = Int(PATH_MAX) + 1
        let path = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            // UInt8 and CChar have the same layout, and readlink writes at most the given bytes, none of which it adds
            // itself.
            let written = unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                guard let base = characters.baseAddress else { return -1 }
                return unsafe readlink(link, base, capacity)
            }
            count = max(0, written)
        }
        return path.isEmpty || path.count == capacity ? nil : path
    }
}
