// SPDX-License-Identifier: Apache-2.0

package import NIOPosix
package import WeirBackpressure

/// The data sets of a service: `synthetic`, `live`, and the files under a directory.
///
/// A file of the data directory that is itself named `synthetic` or `live` is hidden by the data set of that name.
/// Names compare as bytes.
package struct DatasetCatalog: Sendable {
    private let directory: DataDirectory?
    private let liveRate: Double
    private let livePolicy: LivePolicy
    private let observer: (any PolicyObserver)?
    private let threadPool: NIOThreadPool
    private let clock: any LiveClock
    private let limits: DatasetListing.Limits
    private let budget: ReadAheadBudget

    private static let synthetic = "synthetic"
    private static let live = "live"

    /// Makes a catalog; blocks the thread while the directory is looked at, so call it before serving.
    ///
    /// - Parameters:
    ///   - root: The data directory, or nil to serve no files. Its real path is taken now and stays what it is.
    ///   - liveRate: The ticks of `live` per second, in ``LiveTicks/rates``.
    ///   - livePolicy: What becomes of ticks that a client is too slow to take.
    ///   - observer: Takes the events of that policy.
    ///   - threadPool: The threads that files are read on; started and stopped by the caller.
    ///   - clock: The time of `live`.
    ///   - limits: How much a listing looks at.
    ///   - readAheadBytes: The memory that all streams of files together may use to read more than one chunk at once.
    /// - Throws: ``DatasetError/rootUnusable(_:)`` with a text for the operator.
    package init(
        root: String?, liveRate: Double, livePolicy: LivePolicy = .latest, observer: (any PolicyObserver)? = nil,
        threadPool: NIOThreadPool, clock: any LiveClock = SystemLiveClock(),
        limits: DatasetListing.Limits = DatasetListing.Limits(), readAheadBytes: Int = 33_554_432
    ) throws(DatasetError) {
        do {
            _ = try LiveTicks.periodAttoseconds(rate: liveRate)
        } catch {
            throw .rootUnusable(error.description)
        }
        if let root {
            self.directory = try DataDirectory(path: root)
        } else {
            self.directory = nil
        }
        self.liveRate = liveRate
        self.livePolicy = livePolicy
        self.observer = observer
        self.threadPool = threadPool
        self.clock = clock
        self.limits = limits
        self.budget = ReadAheadBudget(totalBytes: readAheadBytes)
    }

    /// Opens a data set; a file is opened on the thread pool.
    ///
    /// A start at or past the end is no error: the stream has no chunks. Throws ``DatasetError`` and, when the task is
    /// cancelled, `CancellationError`.
    package func open(_ request: DatasetRequest) async throws -> DatasetReader {
        let chunkBytes = try request.effectiveChunkBytes()
        let name = request.name
        if name.isEmpty || Self.same(name, Self.synthetic) { return .synthetic(try SyntheticReader(request)) }
        if Self.same(name, Self.live) {
            // The newest alone needs no buffer: who comes late is given the tick that is due.
            if livePolicy == .latest { return .live(try LiveTicks(request, rate: liveRate, clock: clock)) }
            return .feed(
                try LiveFeed(request, rate: liveRate, clock: clock, policy: livePolicy, observer: observer))
        }
        guard let directory else { throw DatasetError.notFound }
        try Task.checkCancellation()
        let file = try await threadPool.runBlocking { () throws(DatasetError) -> OpenFile in try directory.open(name) }
        try Task.checkCancellation()
        let source = FileSource(file: file, threadPool: threadPool, budget: budget)
        return switch request.framing {
        case .bytes: .file(FileBytesReader(request, chunkBytes: chunkBytes, source: source))
        case .lines: .lines(FileLinesReader(request, source: source))
        }
    }

    /// The data sets that can be opened: `synthetic` and `live`, then the files in the order of their names' bytes.
    ///
    /// Reads the directory tree on the thread pool, within ``DatasetListing/Limits``; ``listing()`` also tells whether
    /// something was left out. Throws `CancellationError`, and ``DatasetError/unavailable(_:)`` when the pool stopped.
    package func list() async throws -> [DatasetEntry] {
        try await listing().entries
    }

    /// What ``list()`` returns, and whether it is all there is.
    package func listing() async throws -> DatasetListing {
        let computed = [
            DatasetEntry(name: Self.synthetic, kind: .synthetic), DatasetEntry(name: Self.live, kind: .live),
        ]
        guard let directory else { return DatasetListing(entries: computed, isComplete: true) }
        let found = try await DirectoryWalk(root: directory, limits: limits, threadPool: threadPool).files()
        let files = found.entries.filter { file in
            !computed.contains { Self.same($0.name, file.name) }
        }
        let all = computed + files
        return DatasetListing(
            entries: Array(all.prefix(limits.entries)),
            isComplete: found.isComplete && all.count <= limits.entries)
    }

    private static func same(_ name: String, _ other: String) -> Bool {
        name.utf8.elementsEqual(other.utf8)
    }
}
