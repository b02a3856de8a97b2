// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The zlib contexts that all connections of one loop take turns in using.
///
/// A context is needed only while a message is compressed or decompressed, which is done in one go, so a loop needs one of
/// each kind, made when it is first needed and kept. At most ``maximumBytes`` of memory, however many calls compress.
///
/// Confined to its loop.
package final class CompressionContexts {
    private var inflater: Inflater?
    private var gzip: Deflater?
    private var zlib: Deflater?

    /// The most memory that the contexts of one loop take, in bytes: two that compress and one that decompresses.
    package static let maximumBytes = 2 * 272 * 1024 + 48 * 1024

    /// Makes a set without contexts.
    package init() {}

    /// The message that `bytes` hold, which may have at most `limit` bytes.
    ///
    /// - Throws: RESOURCE_EXHAUSTED when it has more, INTERNAL when it is not in the format from its first to its last byte.
    package func inflate(
        _ bytes: ByteBuffer, _ algorithm: CompressionAlgorithm, limit: Int
    ) throws(RPCError) -> ByteBuffer {
        do throws(Inflater.Failure) {
            if inflater == nil { inflater = Inflater() }
            guard let inflater else { throw .noMemory }
            return try inflater.inflate(bytes, algorithm, limit: limit)
        } catch {
            throw error.error(encoding: algorithm, limit: limit)
        }
    }

    /// The context that compresses in this format, gzip or zlib.
    ///
    /// - Throws: RESOURCE_EXHAUSTED when there is no memory for it.
    package func deflater(_ algorithm: CompressionAlgorithm) throws(RPCError) -> Deflater {
        let kept = algorithm == .gzip ? gzip : zlib
        guard let deflater = kept ?? Deflater(algorithm) else {
            throw RPCError(.resourceExhausted, "there is no memory to compress a message")
        }
        if algorithm == .gzip { gzip = deflater } else { zlib = deflater }
        return deflater
    }
}
