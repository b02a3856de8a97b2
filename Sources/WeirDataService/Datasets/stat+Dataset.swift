// SPDX-License-Identifier: Apache-2.0

import Glibc

extension stat {
    /// Whether this is a file that holds bytes: no directory, link, pipe, socket or device.
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }

    /// Whether this is a directory.
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }

    /// Whether this is a symbolic link that was not followed.
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }

    /// When the content was last written.
    var modified: DatasetEntry.Timestamp {
        DatasetEntry.Timestamp(seconds: Int64(st_mtim.tv_sec), nanoseconds: Int32(clamping: st_mtim.tv_nsec))
    }
}
