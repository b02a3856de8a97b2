// SPDX-License-Identifier: Apache-2.0

/// An open data set: a stream of chunks that its one consumer pulls.
///
/// Nothing is read before it is asked for, so a consumer that stands still holds one block of a file at most. What was
/// opened is closed when the reader goes away. To go on after a cancellation, with this reader or with a new one whose
/// request starts behind the last chunk received, gives the rest exactly.
package enum DatasetReader {
    /// Computed bytes.
    case synthetic(SyntheticReader)
    /// A file in chunks of equal size.
    case file(FileBytesReader)
    /// A file in lines.
    case lines(FileLinesReader)
    /// A ticker.
    case live(LiveTicks)
    /// A ticker behind a buffer.
    case feed(LiveFeed)

    /// The next chunk, or nil after the last one; a request for more than there is ends like any other.
    ///
    /// `synthetic` never suspends, files suspend when a block must be read, and `live` until a tick is due. Throws
    /// ``DatasetError`` when the data set cannot be read, and `CancellationError` when the task is cancelled: before
    /// and while anything is read or waited for, and at the latest after ``SyntheticReader/cancellationInterval``
    /// computed chunks. What is already in memory may still be had, since looking costs more than handing it out.
    @inline(never)
    package mutating func next() async throws -> DatasetChunk? {
        switch self {
        case .synthetic(let reader): try reader.nextUnlessCancelled()
        case .file(let reader): try await reader.next()
        case .lines(let reader): try await reader.next()
        case .live(let ticks): try await ticks.next()
        case .feed(let feed): try await feed.next()
        }
    }
}
