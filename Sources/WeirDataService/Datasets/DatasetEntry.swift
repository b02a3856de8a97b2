// SPDX-License-Identifier: Apache-2.0

/// One line of the list of data sets.
package struct DatasetEntry: Hashable, Sendable {
    /// Where a data set comes from.
    package enum Kind: Hashable, Sendable {
        /// Computed bytes, the same on every server.
        case synthetic
        /// A ticker.
        case live
        /// A file under the data directory.
        case file
    }

    /// A point in time since 1970-01-01 00:00:00 UTC, as the file system keeps it.
    package struct Timestamp: Hashable, Sendable {
        /// Whole seconds; negative before 1970.
        package var seconds: Int64
        /// Nanoseconds on top of the seconds, from 0 to 999,999,999.
        package var nanoseconds: Int32

        /// Makes a timestamp.
        package init(seconds: Int64, nanoseconds: Int32) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    /// The name by which the data set is opened; of a file, its path relative to the data directory.
    package var name: String

    /// Where the data set comes from.
    package var kind: Kind

    /// The bytes of a file; nil for a data set that has no end.
    package var sizeBytes: UInt64?

    /// When a file was last written; nil for a data set that is no file.
    package var modified: Timestamp?

    /// Makes an entry.
    package init(name: String, kind: Kind, sizeBytes: UInt64? = nil, modified: Timestamp? = nil) {
        self.name = name
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.modified = modified
    }
}
