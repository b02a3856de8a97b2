// SPDX-License-Identifier: Apache-2.0

internal import CProtobufC
public import NIOCore

/// What all readers of one decoding share.
@usableFromInline
@safe
struct UnpackSession {
    @usableFromInline var arena: Arena
    /// The encoded message.
    @usableFromInline let bytes: ByteBuffer
    /// How deep messages may be nested.
    @usableFromInline let nestingDepth: Int
    /// The shortest `bytes` field that becomes a slice, in bytes.
    ///
    /// A slice keeps the whole buffer alive, which is fair for a kilobyte, or for a good part of the buffer.
    @usableFromInline let sliceFrom: Int
    /// Whether `bytes` fields are references into `bytes`, because the message was rewritten.
    @usableFromInline var hasReferences: Bool

    /// From this length on, `bytes` fields are slices whatever they are cut from, in bytes.
    @inlinable static var largestCopy: Int { 1024 }

    @inlinable
    init(bytes: ByteBuffer, options: ProtobufDecodingOptions, stack: UnsafeMutableRawBufferPointer) {
        self.bytes = bytes
        arena = unsafe Arena(stack: stack, limit: options.memoryLimit(encodedBytes: bytes.readableBytes))
        nestingDepth = options.effectiveNestingDepth
        sliceFrom = min(Self.largestCopy, max(1, bytes.storageCapacity / 4))
        hasReferences = false
    }

    /// Checks and unpacks the message `bytes`, those of the session; returns nil for an empty one, whose fields all have
    /// their defaults.
    ///
    /// `session` must stay where it is until the reader has been used.
    @usableFromInline
    static func unpack(
        _ session: UnsafeMutablePointer<UnpackSession>, _ bytes: ByteBuffer, _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) -> ProtobufReader? {
        guard bytes.readableBytes > 0 else { return nil }
        guard bytes.readableBytes <= Int(Int32.max) else {
            throw unsafe ProtobufError(.messageTooLarge, messageName: table.pointee.name)
        }
        // The addresses are used only in this function, for the whole of which `bytes`, and with it its storage, lives.
        defer { withExtendedLifetime(bytes) {} }
        let encoded = unsafe bytes.withUnsafeReadableBytes { encoded in unsafe encoded }
        guard let base = encoded.baseAddress else { return nil }
        let cursor = unsafe WireCursor(base.assumingMemoryBound(to: UInt8.self), count: encoded.count, table: table)
        return try unsafe session.pointee.unpack(cursor, table, reference: session)
    }

    private mutating func unpack(
        _ cursor: WireCursor, _ table: UnsafePointer<MessageTable>,
        reference session: UnsafeMutablePointer<UnpackSession>
    ) throws(ProtobufError) -> ProtobufReader {
        let whole = 0..<cursor.count
        var scanner = WireScanner(cursor: cursor, sliceFrom: sliceFrom)
        try unsafe scanner.scan(whole, table, depth: nestingDepth)
        var input = unsafe cursor.bytes(whole)
        if scanner.needsRewriting {
            unsafe input = try rewrite(cursor, scanner, table)
            hasReferences = true
        }
        guard let message = unsafe unpack(input, table) else {
            throw unsafe ProtobufError(
                arena.isExhausted ? .memoryLimitExceeded : .refused, messageName: table.pointee.name)
        }
        return unsafe ProtobufReader(block: message, table: table, session: session)
    }

    private mutating func rewrite(
        _ cursor: WireCursor, _ scanner: WireScanner, _ table: UnsafePointer<MessageTable>
    ) throws(ProtobufError) -> UnsafeRawBufferPointer {
        // A message has less than 2^31 bytes, each of which adds at most eight.
        let capacity = cursor.count + scanner.growth - scanner.shrinkage
        guard let output = unsafe arena.allocate(capacity) else {
            throw unsafe ProtobufError(.memoryLimitExceeded, messageName: table.pointee.name)
        }
        var rewriter = unsafe WireRewriter(
            cursor: cursor, hasDuplicates: scanner.hasDuplicates, output: output, capacity: capacity)
        try unsafe rewriter.rewrite(0..<cursor.count, table)
        return unsafe UnsafeRawBufferPointer(start: output, count: rewriter.count)
    }

    private mutating func unpack(
        _ input: UnsafeRawBufferPointer, _ table: UnsafePointer<MessageTable>
    ) -> UnsafeMutableRawPointer? {
        unsafe withUnsafeMutablePointer(to: &arena) { arena in
            var allocator = unsafe ProtobufCAllocator(
                alloc: { arena, byteCount in
                    // protobuf-c hands back the pointer to the arena that is set below.
                    unsafe arena?.assumingMemoryBound(to: Arena.self).pointee.allocate(byteCount)
                },
                // The arena is released as a whole.
                free: { _, _ in },
                allocator_data: UnsafeMutableRawPointer(arena))
            let message = unsafe protobuf_c_message_unpack(
                table.pointee.descriptor, &allocator, input.count,
                input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            return UnsafeMutableRawPointer(message)
        }
    }
}
