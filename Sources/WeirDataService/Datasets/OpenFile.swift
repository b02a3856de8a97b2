// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

/// A regular file under the data directory, open for reading and closed when the last reader lets go of it.
///
/// It can be read from several threads at once, because it has no position of its own.
final class OpenFile: Sendable {
    /// The bytes the file had when it was opened; no reader goes further.
    let sizeBytes: UInt64

    private let descriptor: OwnedDescriptor

    /// Takes over a descriptor that was opened for reading.
    ///
    /// Throws ``DatasetError/notFound`` when it is no regular file.
    init(_ descriptor: consuming OwnedDescriptor) throws(DatasetError) {
        let status = try descriptor.status()
        guard status.isRegularFile else { throw .notFound }
        self.sizeBytes = UInt64(clamping: status.st_size)
        self.descriptor = descriptor
    }

    /// Appends `count` bytes from `offset` on to a buffer; blocks the thread.
    ///
    /// Both must lie within ``sizeBytes``. Throws ``DatasetError/fileChanged`` when the file has become shorter than
    /// that, and ``DatasetError/readFailed(_:)`` when the kernel cannot read it.
    func read(_ count: Int, at offset: UInt64, into buffer: inout ByteBuffer) throws(DatasetError) {
        let number = descriptor.number
        var done = 0
        while done < count {
            let missing = count - done
            guard let position = off_t(exactly: offset + UInt64(done)) else { throw .fileChanged }
            var result = 0
            var reason: Int32 = 0
            unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { bytes in
                // The buffer has at least `missing` bytes, and pread writes no more than it is told.
                result = unsafe pread(number, bytes.baseAddress, min(missing, bytes.count), position)
                reason = errno
                return max(0, result)
            }
            if result == 0 { throw .fileChanged }
            if result < 0, reason != EINTR { throw DatasetError.reading(reason) }
            done += max(0, result)
        }
    }
}
