// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A few empty buffers that one connection's streams take turns in using.
///
/// A stream needs a buffer only between a message and the DATA frame that carries it, so a stalled stream holds none, and
/// a busy connection allocates none. At most ``maximumBuffers`` of at most ``maximumBufferBytes`` each are kept.
package struct BufferPool {
    private var buffers: [ByteBuffer] = []

    /// Most buffers kept.
    package static let maximumBuffers = 2
    /// Largest buffer kept, in bytes; larger ones go back to the allocator.
    package static let maximumBufferBytes = 128 * 1024

    /// Makes an empty pool.
    package init() {}

    /// An empty buffer, a kept one if there is one.
    package mutating func take(minimumCapacity: Int) -> ByteBuffer {
        buffers.popLast() ?? ByteBufferAllocator().buffer(capacity: minimumCapacity)
    }

    /// Takes a buffer back; its bytes are gone.
    package mutating func give(_ buffer: consuming ByteBuffer) {
        guard buffers.count < Self.maximumBuffers, buffer.capacity <= Self.maximumBufferBytes else { return }
        buffer.clear()
        buffers.append(buffer)
    }

    /// Bytes of memory kept, for tests and introspection.
    package var heldBytes: Int { buffers.reduce(0) { $0 + $1.capacity } }
}
