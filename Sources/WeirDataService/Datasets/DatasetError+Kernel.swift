// SPDX-License-Identifier: Apache-2.0

import Glibc

extension DatasetError {
    /// What a client is told when opening a name failed with this `errno`.
    ///
    /// Everything that depends on the name is `notFound`: a client must not learn from the answer whether a path exists
    /// that it may not read.
    static func opening(_ code: Int32) -> DatasetError {
        switch code {
        case EMFILE, ENFILE: .unavailable("too many open files")
        case ENOMEM: .unavailable("out of memory")
        case EAGAIN: .unavailable("the file is held by another process")
        case EIO: .readFailed(reason(EIO))
        default: .notFound
        }
    }

    /// What a client is told when reading an open file failed with this `errno`.
    static func reading(_ code: Int32) -> DatasetError {
        .readFailed(reason(code))
    }

    /// The kernel's text for an `errno`.
    static func reason(_ code: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        // strerror_r writes at most the given bytes, the zero byte included; strerror would share its buffer between
        // threads.
        let bytes = unsafe text.withUnsafeMutableBufferPointer { buffer -> [UInt8] in
            guard let base = buffer.baseAddress else { return [] }
            guard unsafe strerror_r(code, base, buffer.count) == 0 else { return [] }
            return unsafe buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        }
        return bytes.isEmpty ? "error \(code)" : String(decoding: bytes, as: UTF8.self)
    }
}
