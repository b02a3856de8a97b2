// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import NIOCore

/// Bytes of one stream that wait to become DATA frames, in order.
///
/// Small messages are written one behind the other into a tail buffer, so that one DATA frame carries many of them; a
/// large payload is queued as the slice it came in. The queue knows nothing about windows or limits: whoever appends has
/// asked before. An empty queue holds no memory.
package struct SendQueue {
    /// Whole buffers in front of the tail.
    private var segments: Deque<ByteBuffer> = []
    /// Where small writes are coalesced; nil while nothing was written since the queue was last empty.
    private var tail: ByteBuffer?
    /// Bytes queued and not yet taken.
    package private(set) var byteCount = 0

    /// Messages of which a part or all was dropped.
    package private(set) var droppedMessageCount = 0

    private var messages = MessageRuns()

    /// First capacity of a tail buffer, in bytes.
    private static let initialTailBytes = 2048
    /// Below this a buffer is not worth making smaller, in bytes.
    private static let smallestTailBytes = 64
    /// Bytes already taken from the tail after which the rest moves to its front instead of the buffer growing.
    private static let compactionBytes = 16 * 1024

    /// Makes an empty queue.
    package init() {}

    /// Whether nothing waits.
    package var isEmpty: Bool { byteCount == 0 }

    /// Memory that small writes take, in bytes; slices belong to whoever made them.
    package var tailCapacityBytes: Int { tail?.capacity ?? 0 }

    /// Messages of which at least one byte waits.
    package var messageCount: Int { messages.count }

    /// The bytes appended next are one message of this many bytes.
    @inline(__always)
    package mutating func beginMessage(_ byteCount: Int) {
        messages.append(byteCount)
    }

    /// Appends exactly `count` bytes that `body` writes.
    @inline(__always)
    package mutating func append(
        count: Int, spares: inout BufferPool, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        if tail == nil { tail = spares.take(minimumCapacity: max(count, Self.initialTailBytes)) }
        unsafe tail?.writeInPlace(count: count, compactingAbove: Self.compactionBytes, body)
        byteCount += count
    }

    /// Appends a slice without copying its bytes.
    package mutating func append(slice: ByteBuffer) {
        guard slice.readableBytes > 0 else { return }
        if let buffer = tail {
            if buffer.readableBytes > 0 { segments.append(buffer) }
            tail = nil
        }
        segments.append(slice)
        byteCount += slice.readableBytes
    }

    /// Moves exactly `count` bytes from the front of the queue into `output`; `count` is at most ``byteCount``.
    package mutating func move(_ count: Int, into output: inout ByteBuffer, spares: inout BufferPool) {
        var rest = min(count, byteCount)
        byteCount -= rest
        messages.taken(rest)
        while rest > 0, !segments.isEmpty {
            let taken = segments[0].copyPrefix(rest, into: &output)
            rest -= taken
            if segments[0].readableBytes == 0 { segments.removeFirst() }
        }
        if rest > 0 {
            _ = tail?.copyPrefix(rest, into: &output)
        }
        if byteCount == 0, let buffer = tail.take() {
            spares.give(buffer)
        }
    }

    /// Moves what little waits into a buffer of its size: a blocked stream may keep it for as long as the stall deadline.
    ///
    /// The buffer goes to the next stream that needs one.
    package mutating func shrink(spares: inout BufferPool) {
        guard let buffer = tail else { return }
        guard buffer.capacity >= 2 * max(buffer.readableBytes, Self.smallestTailBytes) else { return }
        var small = ByteBufferAllocator().buffer(capacity: buffer.readableBytes)
        small.writeImmutableBuffer(buffer)
        tail = small
        spares.give(buffer)
    }

    /// Drops everything; returns how many bytes that were.
    package mutating func removeAll(spares: inout BufferPool) -> Int {
        let dropped = byteCount
        byteCount = 0
        segments.removeAll(keepingCapacity: false)
        droppedMessageCount &+= messages.count
        messages.removeAll()
        if let buffer = tail.take() { spares.give(buffer) }
        return dropped
    }
}

extension ByteBuffer {
    /// Writes `count` bytes behind the readable ones, moving those to the front first when much was read already.
    @inline(__always)
    fileprivate mutating func writeInPlace(
        count: Int, compactingAbove threshold: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        if readerIndex > threshold { discardReadBytes() }
        unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            unsafe body(UnsafeMutableRawBufferPointer(rebasing: space[..<count]))
            return count
        }
    }

    /// Copies up to `count` readable bytes to the end of `output`; returns how many.
    fileprivate mutating func copyPrefix(_ count: Int, into output: inout ByteBuffer) -> Int {
        let taken = min(count, readableBytes)
        unsafe withUnsafeReadableBytes { bytes in
            _ = unsafe output.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        }
        moveReaderIndex(forwardBy: taken)
        return taken
    }
}
