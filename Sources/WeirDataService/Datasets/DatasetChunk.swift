// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One piece of a data set.
package struct DatasetChunk: Hashable, Sendable {
    /// The chunk's number, which depends on the data set and the framing but not on where the stream started.
    package var sequence: UInt64

    /// The bytes; a slice of a larger block where that saves a copy, which then lives as long as the slice.
    package var payload: ByteBuffer

    /// The chunks that were skipped right before this one because the consumer was slow; only `live` skips.
    package var dropped: UInt64

    /// Makes a chunk.
    package init(sequence: UInt64, payload: ByteBuffer, dropped: UInt64 = 0) {
        self.sequence = sequence
        self.payload = payload
        self.dropped = dropped
    }
}
