// SPDX-License-Identifier: Apache-2.0

internal import CProtobufC
public import NIOCore

/// What all readers of one decoding share.
@usableFromInline
@safe
struct UnpackSession {
    @usableFromInline var arena: Arena
    /// The encoded message.
    let bytes: ByteBuffer
    let options: ProtobufDecodingOptions
    /// The shortest `bytes` field that becomes a slice, in bytes.
    ///
    /// A slice keeps the whole buffer alive, which is fair for a kilobyte, or for a good part of the buffer.
    let sliceFrom: Int
    /// Whether `bytes` fields are references into `bytes`, because the message was rewritten.
    var hasReferences = false

    /// From this length on, `bytes` fields are slices whatever they are cut from, in bytes.
    static let largestCopy = 1024

    @usableFromInline
    init(bytes: ByteBuffer, options: ProtobufDecodingOptions, stack: UnsafeMutableRawBufferPointer) {
        self.bytes = bytes
        self.options = options
        arena = unsafe Arena(stack: stack, limit: options.memoryLimit(encodedBytes: bytes.readableBytes))
        sliceFrom = min(Self.largestCopy, max(1, bytes.storageCapacity / 4))
    }

    /// Checks and unpacks the message; returns nil for an empty one, whose fields all have their defaults.
    ///
    /// `session` must stay where it is until the reader has been used.
    @usableFromInline
    static func unpack(
        _ session: UnsafeMutablePointer<UnpackSession>, layout: ProtobufLayout
    ) throws(ProtobufError) -> ProtobufReader? {
        let bytes = unsafe session.pointee.bytes
        guard bytes.readableBytes <= Int(Int32.max) else {
            throw ProtobufError(.messageTooLarge, messageName: layout.name)
        }
        // The address is used only while `bytes`, and with it its storage, is alive.
        let result = unsafe bytes.withUnsafeReadableBytes { encoded -> Result<ProtobufReader?, ProtobufError> in
            guard let base = encoded.baseAddress, encoded.count > 0 else { return .success(nil) }
            let cursor = unsafe WireCursor(
                base.assumingMemoryBound(to: UInt8.self), count: encoded.count, table: layout.table)
            do throws(ProtobufError) {
                return .success(try unsafe session.pointee.unpack(cursor, layout, reference: session))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private mutating func unpack(
        _ cursor: WireCursor, _ layout: ProtobufLayout, reference session: UnsafeMutablePointer<UnpackSession>
    ) throws(ProtobufError) -> ProtobufReader {
        let whole = 0..<cursor.count
        var scanner = WireScanner(cursor: cursor, sliceFrom: sliceFrom)
        try unsafe scanner.scan(whole, layout.table, depth: options.effectiveNestingDepth)
        var input = unsafe cursor.bytes(whole)
        if scanner.needsRewriting {
            hasReferences = true
            // A message has less than 2^31 bytes, each of which adds at most eight.
            let capacity = cursor.count + scanner.growth - scanner.shrinkage
            guard let output = unsafe arena.allocate(capacity) else {
                throw ProtobufError(.memoryLimitExceeded, messageName: layout.name)
            }
            var rewriter = unsafe WireRewriter(
                cursor: cursor, hasDuplicates: scanner.hasDuplicates, output: output, capacity: capacity)
            try unsafe rewriter.rewrite(whole, layout.table)
            unsafe input = UnsafeRawBufferPointer(start: output, count: rewriter.count)
        }
        guard let message = unsafe unpack(input, layout) else {
            throw ProtobufError(arena.isExhausted ? .memoryLimitExceeded : .refused, messageName: layout.name)
        }
        return unsafe ProtobufReader(block: message, table: layout.table, session: session)
    }

    private mutating func unpack(
        _ input: UnsafeRawBufferPointer, _ layout: ProtobufLayout
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
                layout.table.pointee.descriptor, &allocator, input.count,
                input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            return UnsafeMutableRawPointer(message)
        }
    }
}
