// SPDX-License-Identifier: Apache-2.0

import NIOPosix

/// Lists the files under the data directory, one directory per turn on the thread pool.
///
/// One directory at a time is open, whatever the depth, other work of the pool gets in between two of them, and there
/// too a cancelled task stops.
struct DirectoryWalk {
    private let root: DataDirectory
    private let limits: DatasetListing.Limits
    private let threadPool: NIOThreadPool

    /// Prepares a walk; nothing is read before ``files()``.
    init(root: DataDirectory, limits: DatasetListing.Limits, threadPool: NIOThreadPool) {
        self.root = root
        self.limits = limits
        self.threadPool = threadPool
    }

    /// The files in the order of their names' bytes.
    ///
    /// Throws `CancellationError` when the task is cancelled, and ``DatasetError/unavailable(_:)`` when the thread pool
    /// has stopped.
    func files() async throws -> DatasetListing {
        var found = DatasetListing(entries: [], isComplete: true)
        var pending = [(name: "", depth: 1)]
        var examined = 0
        while let directory = pending.popLast() {
            try Task.checkCancellation()
            let root = self.root
            let room = limits.entries - found.entries.count
            let names = limits.examinedNames - examined
            let page = try await threadPool.runBlocking {
                DirectoryPage(of: directory.name, in: root, atMost: room, examining: names)
            }
            examined += page.examinedNames
            found.entries += page.files
            found.isComplete = found.isComplete && page.isComplete
            if directory.depth < limits.depth {
                // The last one in is the first one out, so this visits them in the order of their names.
                pending += page.directories.reversed().map { ($0, directory.depth + 1) }
            } else if !page.directories.isEmpty {
                found.isComplete = false
            }
        }
        try Task.checkCancellation()
        found.entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return found
    }
}
