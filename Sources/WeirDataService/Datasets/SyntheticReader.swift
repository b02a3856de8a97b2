// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads `synthetic`: computed chunks, as many as the consumer can take.
///
/// The measuring stick of the service, so it costs as little as a data set can: ``next()`` never suspends, allocates
/// nothing and copies nothing. What a chunk holds is written at ``SyntheticPattern``.
package final class SyntheticReader {
    /// How many chunks a cancelled task may still get.
    package static let cancellationInterval: UInt64 = 16

    private let pattern: ByteBuffer
    private let chunkBytes: Int
    private let framing: DatasetRequest.Framing
    // Each chunk looks at it several times; a reader belongs to one task, so nobody else is ever at it.
    @exclusivity(unchecked) private var cursor: ChunkCursor

    /// Starts a stream; throws ``DatasetError/invalid(_:)`` when the request's chunks are too large.
    package init(_ request: DatasetRequest) throws(DatasetError) {
        self.chunkBytes = try request.effectiveChunkBytes()
        self.framing = request.framing
        unsafe self.cursor = ChunkCursor(request)
        self.pattern =
            switch request.framing {
            case .bytes: SyntheticPattern.bytes
            case .lines: SyntheticPattern.text
            }
    }

    /// The next chunk, or nil after the last one.
    package func next() -> DatasetChunk? {
        guard let sequence = unsafe cursor.sequence else { return nil }
        let offset =
            switch framing {
            case .bytes: SyntheticPattern.offset(ofChunk: sequence)
            case .lines: SyntheticPattern.offset(ofLine: sequence, chunkBytes: chunkBytes)
            }
        // Never nil: both patterns reach a whole chunk of the largest size behind each of their offsets.
        guard let payload = pattern.getSlice(at: offset, length: chunkBytes) else { return nil }
        unsafe cursor.advance()
        return DatasetChunk(sequence: sequence, payload: payload)
    }

    /// What ``next()`` returns; throws `CancellationError` when it finds the task cancelled, for which it looks once
    /// every ``cancellationInterval`` chunks.
    func nextUnlessCancelled() throws(CancellationError) -> DatasetChunk? {
        if let sequence = unsafe cursor.sequence, sequence % Self.cancellationInterval == 0, Task.isCancelled {
            throw CancellationError()
        }
        return next()
    }
}
