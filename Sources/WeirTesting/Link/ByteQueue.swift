// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import NIOCore

/// Bytes in the order in which they came, kept as the slices they came in.
struct ByteQueue {
    private var slices: Deque<ByteBuffer> = []
    /// How many bytes there are.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Appends bytes; keeps the buffer's storage alive, so whoever goes on writing to that buffer copies it first.
    mutating func append(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        count += bytes.readableBytes
        slices.append(bytes)
    }

    /// Takes up to `limit` bytes from the front: those of the first slice.
    mutating func takeSlice(atMost limit: Int) -> ByteBuffer? {
        guard limit > 0, var first = slices.popFirst() else { return nil }
        guard first.readableBytes > limit else {
            count -= first.readableBytes
            return first
        }
        let part = first.readSlice(length: limit)
        slices.prepend(first)
        count -= limit
        return part
    }

    /// Takes up to `limit` bytes from the front as one buffer; nil when there are none.
    mutating func take(atMost limit: Int) -> ByteBuffer? {
        guard var taken = takeSlice(atMost: limit) else { return nil }
        guard !slices.isEmpty, taken.readableBytes < limit else { return taken }
        var joined = ByteBufferAllocator().buffer(capacity: min(limit, taken.readableBytes + count))
        joined.writeBuffer(&taken)
        while var next = takeSlice(atMost: limit - joined.readableBytes) { joined.writeBuffer(&next) }
        return joined
    }

    /// Puts back what was taken last.
    mutating func putBack(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        count += bytes.readableBytes
        slices.prepend(bytes)
    }

    mutating func removeAll() {
        slices.removeAll(keepingCapacity: false)
        count = 0
    }
}
