// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads a file line by line.
///
/// A line ends behind its newline; the last one may lack it. A line of more than
/// ``DatasetRequest/maximumChunkBytes``, its newline included, ends the stream with ``DatasetError/lineTooLong``, unless
/// it lies before the first line that was asked for. The first line is found by counting newlines from the start of the
/// file, so resuming costs a pass over what was read before. As in ``FileBytesReader``, the file is read to the size it
/// had when it was opened, the last line of a growing file being what there was of it, and at most one block is held.
package final class FileLinesReader {
    private var source: FileSource
    private var cursor: ChunkCursor
    private var block = ByteBuffer()
    /// The bytes at the front of the block that are known to hold no newline.
    private var searchedBytes = 0
    /// The offset in the file behind the block.
    private var blockEnd: UInt64 = 0
    /// The lines that must still be found before the first one that is sent.
    private var linesToSkip: UInt64

    /// Starts a stream at the front of the file; the lines before the first are skipped by the first ``next()``.
    init(_ request: DatasetRequest, source: consuming FileSource) {
        self.cursor = ChunkCursor(request)
        self.linesToSkip = request.startSequence
        self.source = source
    }

    /// The next line, or nil after the last one; suspends only when a block must be read.
    ///
    /// Then it throws `CancellationError` when the task is cancelled. Throws ``DatasetError`` when the file cannot be
    /// read or the line is too long. The reader then stands where it stood, so that no line is lost or sent twice.
    package func next() async throws -> DatasetChunk? {
        while true {
            if let line = try nextAtHand() { return line }
            guard let sequence = cursor.sequence else { return end() }
            if linesToSkip > 0 { try await skipLines() }
            let size = source.file.sizeBytes
            guard blockEnd < size else {
                return block.readableBytes == 0 ? end() : try take(block.readableBytes, as: sequence)
            }
            // At the limit without a newline and not at the end of the file, the line has at least one byte more.
            guard block.readableBytes < DatasetRequest.maximumChunkBytes else {
                throw DatasetError.lineTooLong(sequence: sequence)
            }
            try await readMore(atMost: size - blockEnd)
        }
    }

    /// The next line if the block has all of it, or nil if something must be read or this is the end.
    private func nextAtHand() throws(DatasetError) -> DatasetChunk? {
        guard let sequence = cursor.sequence, let length = lineLength() else { return nil }
        return try take(length, as: sequence)
    }

    private func take(_ length: Int, as sequence: UInt64) throws(DatasetError) -> DatasetChunk? {
        guard length <= DatasetRequest.maximumChunkBytes, let payload = block.readSlice(length: length) else {
            throw .lineTooLong(sequence: sequence)
        }
        searchedBytes = 0
        cursor.advance()
        // After the last line that may be sent, what else was read is of no use.
        if block.readableBytes == 0 || cursor.sequence == nil { dropBlock() }
        return DatasetChunk(sequence: sequence, payload: payload)
    }

    /// The bytes of the block's first line with its newline, or nil if the block has only a part of it.
    private func lineLength() -> Int? {
        let searched = searchedBytes
        guard searched < block.readableBytes else { return nil }
        let found = unsafe block.withUnsafeReadableBytes { unsafe LineSearch.behindNewline(in: $0, from: searched) }
        if found == nil { searchedBytes = block.readableBytes }
        return found
    }

    /// Reads on behind the part of a line that the block holds, which moves to the front of a new block.
    private func readMore(atMost rest: UInt64) async throws {
        let part = block.readableBytes
        // Doubling keeps the bytes that are copied in proportion to the line, however little the budget gives.
        let wanted = min(max(source.reserveBlock(), 2 * part), DatasetRequest.maximumChunkBytes)
        let count = Int(min(UInt64(wanted - part), rest))
        block = try await source.read(count, at: blockEnd, behind: block)
        blockEnd += UInt64(count)
    }

    /// Goes to the first line of the stream, or to the end of the file if there is no such line.
    private func skipLines() async throws {
        while linesToSkip > 0, blockEnd < source.file.sizeBytes {
            let start = blockEnd
            let lines = linesToSkip
            let step = try await source.search { (file) throws(DatasetError) in
                try LineSearch.skip(lines, from: start, in: file)
            }
            blockEnd = step.end
            linesToSkip -= step.lines
        }
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
