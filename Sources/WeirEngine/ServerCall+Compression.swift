// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirHTTP2
package import WeirRPC

/// Messages that are compressed, in both directions.
///
/// The engine carries compressed bytes and never looks into them: whoever takes or sends a message decompresses or compresses
/// it, so that nothing waits in memory at its full size.
extension ServerCall {
    /// Whether responses are compressed unless they say otherwise.
    @inline(__always)
    package var compressesResponses: Bool { unsafe responseCompression != .identity }

    /// Chooses how responses are compressed, before the first of them.
    ///
    /// Returns whether it will be so: not when the client does not take it, when the header fields have been sent, or when the
    /// call is over. Then nothing is changed.
    package func compressResponses(_ algorithm: CompressionAlgorithm) -> Bool {
        guard isOpen, unsafe algorithm != responseCompression else { return isOpen }
        guard unsafe machine.responseHeadersAreUnsent, algorithm.isAccepted(by: head.acceptEncoding) else {
            return false
        }
        unsafe responseCompression = algorithm
        return true
    }

    /// The loop's contexts of zlib.
    package var compression: CompressionContexts { connection.compression }

    /// The loop's buffers.
    package var spares: BufferPool { connection.session.flow.spares }

    /// Messages of fewer bytes are sent as they are, unless it is asked for: the format alone takes 18 bytes, and zlib some
    /// time.
    package static var smallestCompressedBytes: Int { 128 }

    /// The context of zlib that compresses for this call, ready for a message.
    package func beginCompressing() throws(RPCError) -> Deflater {
        let deflater = try unsafe compression.deflater(responseCompression)
        deflater.begin(into: spares.take(minimumCapacity: 1024))
        return deflater
    }

    /// A serialised message, compressed; nil when it is to go as it is.
    package func compress(_ message: ByteBuffer) -> ByteBuffer? {
        guard compressesResponses, message.readableBytes >= Self.smallestCompressedBytes,
            let deflater = try? beginCompressing()
        else { return nil }
        unsafe message.withUnsafeReadableBytes { unsafe deflater.add($0) }
        guard let bytes = try? deflater.finish() else { return nil }
        guard bytes.readableBytes < message.readableBytes else {
            spares.give(bytes)
            return nil
        }
        return bytes
    }

    /// From this size on compressed bytes are queued as the buffer they are in.
    private static var sliceThresholdBytes: Int { 16 * 1024 }

    /// Writes an admitted message that is compressed by ``responseCompression``, and takes its buffer.
    ///
    /// - Throws: the method gives only one response and already gave it.
    package func writeCompressed(_ bytes: consuming ByteBuffer) throws(RPCError) {
        let count = bytes.readableBytes
        try beginMessage(count)
        let session = connection.session
        unsafe stream.queue.append(count: MessagePrefix.byteCount, spares: &session.flow.spares) { space in
            unsafe MessagePrefix.write(length: count, isCompressed: true, into: space)
        }
        if count >= Self.sliceThresholdBytes {
            stream.queue.append(slice: bytes)
        } else {
            unsafe stream.queue.append(count: count, spares: &session.flow.spares) { space in
                unsafe bytes.withUnsafeReadableBytes { unsafe space.copyMemory(from: $0) }
            }
            session.flow.spares.give(bytes)
        }
        messageQueued()
    }

    /// Gives back room that was set aside for a message which cannot be written after all.
    package func giveUpRoom(_ byteCount: Int) {
        connection.session.flow.returnUnused(byteCount + MessagePrefix.byteCount, on: stream)
    }
}
