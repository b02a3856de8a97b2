// SPDX-License-Identifier: Apache-2.0

/// The data sets that can be opened, and whether all of them are named.
package struct DatasetListing: Hashable, Sendable {
    /// How much of a directory a listing looks at, so that no directory makes it large or slow.
    package struct Limits: Hashable, Sendable {
        /// The most entries of a listing, the data sets that are no files included.
        package var entries: Int
        /// The most components of a name: with 1, only files of the data directory itself.
        package var depth: Int
        /// The most names that are looked at, listed or not.
        package var examinedNames: Int

        /// Makes limits; the defaults are those of the service: 10,000 entries, 32 levels, 100,000 names.
        package init(entries: Int = 10_000, depth: Int = 32, examinedNames: Int = 100_000) {
            self.entries = entries
            self.depth = depth
            self.examinedNames = examinedNames
        }
    }

    /// `synthetic` and `live`, then the files in the order of their names' bytes.
    package var entries: [DatasetEntry]

    /// False when a limit or an unreadable directory kept files out of the list.
    ///
    /// Which ones are missing is not specified. They can be opened all the same.
    package var isComplete: Bool

    /// Makes a listing.
    package init(entries: [DatasetEntry], isComplete: Bool) {
        self.entries = entries
        self.isComplete = isComplete
    }
}
