// SPDX-License-Identifier: Apache-2.0

/// What a client asks of a data set: which one, from where, how much of it and in what pieces.
///
/// All numbers are as they came from the wire. None of them can trap: a position that does not fit 64 bits is past the
/// end.
package struct DatasetRequest: Hashable, Sendable {
    /// How a data set is cut into chunks.
    package enum Framing: Hashable, Sendable {
        /// Chunk `i` is bytes `[i * n, (i + 1) * n)`, where `n` is the size of a chunk; the last one may be shorter.
        case bytes
        /// Chunk `i` is line `i` with its newline, which the last line may lack.
        case lines
    }

    /// The most bytes one chunk may have, and so the longest line with its newline: 1 MiB.
    package static let maximumChunkBytes = 1_048_576

    /// The bytes of a chunk when the request says 0.
    package static let defaultChunkBytes = 16_000

    /// The data set's name; `""` means `synthetic`.
    package var name: String

    /// The sequence number of the first chunk; a client resumes with the last one it has, plus one.
    package var startSequence: UInt64

    /// The most chunks to send; 0 sets no limit.
    package var maxChunks: UInt64

    /// The bytes of a chunk; 0 means ``defaultChunkBytes``, and more than ``maximumChunkBytes`` is refused.
    ///
    /// The lines of a file and the ticks of `live` have their own length; for them only the limit is checked.
    package var chunkBytes: UInt32

    /// How the data set is cut into chunks.
    package var framing: Framing

    /// Makes a request; what is left out asks for everything, in chunks of the default size.
    package init(
        name: String, startSequence: UInt64 = 0, maxChunks: UInt64 = 0, chunkBytes: UInt32 = 0,
        framing: Framing = .bytes
    ) {
        self.name = name
        self.startSequence = startSequence
        self.maxChunks = maxChunks
        self.chunkBytes = chunkBytes
        self.framing = framing
    }
}

extension DatasetRequest {
    /// The chunk size this request means, in bytes, between 1 and ``maximumChunkBytes``.
    ///
    /// Throws ``DatasetError/invalid(_:)`` when the request asks for more.
    func effectiveChunkBytes() throws(DatasetError) -> Int {
        guard chunkBytes <= Self.maximumChunkBytes else {
            throw .invalid("chunk_bytes is \(chunkBytes), and may be at most \(Self.maximumChunkBytes)")
        }
        return chunkBytes == 0 ? Self.defaultChunkBytes : Int(chunkBytes)
    }
}
