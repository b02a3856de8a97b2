// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads a file in chunks of equal size.
///
/// The file is read to the size it had when it was opened; bytes that are appended later belong to the next stream. A
/// file that becomes shorter ends the stream with ``DatasetError/fileChanged`` as soon as a byte is missing. Bytes that
/// are overwritten in place are sent as they are found. While nobody asks for a chunk, at most one block is held, of
/// which the chunks are slices.
package final class FileBytesReader {
    private var source: FileSource
    private let chunkBytes: UInt64
    private var cursor: ChunkCursor
    private var block = ByteBuffer()

    /// Starts a stream; the chunk size must be from 1 to ``DatasetRequest/maximumChunkBytes``.
    init(_ request: DatasetRequest, chunkBytes: Int, source: consuming FileSource) {
        self.chunkBytes = UInt64(chunkBytes)
        self.cursor = ChunkCursor(request)
        self.source = source
    }

    /// The next chunk, or nil after the last one; suspends only when a block must be read.
    ///
    /// Then it throws `CancellationError` when the task is cancelled, and ``DatasetError`` when it cannot be read. The
    /// reader then stands where it stood, so that no chunk is lost or sent twice.
    package func next() async throws -> DatasetChunk? {
        if let chunk = nextAtHand() { return chunk }
        guard let sequence = cursor.sequence else { return end() }
        let (offset, overflow) = sequence.multipliedReportingOverflow(by: chunkBytes)
        guard !overflow, offset < source.file.sizeBytes else { return end() }
        block = try await source.read(blockBytes(at: offset), at: offset)
        return nextAtHand()
    }

    /// The next chunk if the block has it, or nil if something must be read or this is the end.
    private func nextAtHand() -> DatasetChunk? {
        // A block holds whole chunks, but for the last of the file, and none that the stream will not send. The chunks
        // of a stream follow one another, so the next one is at the block's front.
        guard block.readableBytes > 0, let sequence = cursor.sequence,
            let payload = block.readSlice(length: min(block.readableBytes, Int(chunkBytes)))
        else { return nil }
        cursor.advance()
        if block.readableBytes == 0 { dropBlock() }
        return DatasetChunk(sequence: sequence, payload: payload)
    }

    /// The bytes of the next block: whole chunks, at least one, and none that the stream will not send.
    private func blockBytes(at offset: UInt64) -> Int {
        let chunks = min(cursor.remaining, max(1, UInt64(source.reserveBlock()) / chunkBytes))
        // No overflow: this is at most the larger of one chunk and the reserved bytes.
        return Int(min(chunks * chunkBytes, source.file.sizeBytes - offset))
    }

    private func end() -> DatasetChunk? {
        dropBlock()
        return nil
    }

    private func dropBlock() {
        block = ByteBuffer()
        source.release()
    }
}
