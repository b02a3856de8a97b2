// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Cuts the bytes of a request into its length-prefixed messages (gRPC specification, Length-Prefixed-Message).
///
/// Bytes come in pieces of any size, and a message goes out as one contiguous buffer. Memory is what was appended and
/// not yet taken, plus growth by doubling: a prefix that announces much allocates nothing.
///
/// There are two buffers. Whatever arrives is written behind `tail`, whose storage nobody else holds. Messages are
/// slices of `head`, and a storage that has been sliced is never written again, so a message that the application keeps
/// never makes a later append copy. When `head` is used up, `tail` takes its place. Only a message that lies across
/// both is put together by a copy; after it was received, no byte is moved by this more than twice.
package struct MessageDeframer: Sendable {
    /// The largest payload that is accepted, in bytes.
    package let maximumMessageBytes: Int
    /// Whether the message that `next()` has just returned is compressed, so that its bytes are not the message's own.
    package private(set) var messageIsCompressed = false

    private let encoding: CompressionAlgorithm
    private var head = ByteBuffer()
    private var tail = ByteBuffer()
    private var headMayBeShared = false
    /// The payload's length of the message whose prefix has been taken off already.
    private var payloadBytes: Int?
    private var violation: Violation?

    /// A deframer for messages of at most `maximumMessageBytes`; `encoding` is what `grpc-encoding` names.
    package init(maximumMessageBytes: Int, encoding: CompressionAlgorithm = .identity) {
        self.maximumMessageBytes = maximumMessageBytes
        self.encoding = encoding
    }

    /// Adds received bytes, which are copied once.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard violation == nil else { return }
        unsafe tail.writeBytes(bytes.bytes)
    }

    /// Adds received bytes, which are copied once.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard violation == nil else { return }
        unsafe tail.writeBytes(bytes)
    }

    /// Adds received bytes; not copied when they are all there is and fill most of their storage.
    package mutating func append(_ bytes: ByteBuffer) {
        guard violation == nil else { return }
        // A few bytes of a large storage are copied, lest they keep all of it alive.
        if bufferedBytes == 0, bytes.readableBytes >= bytes.storageCapacity / 2 {
            head = bytes
            headMayBeShared = true
        } else {
            tail.writeImmutableBuffer(bytes)
        }
    }

    /// The payload of the next whole message, or nil when more bytes are needed.
    ///
    /// A compressed message comes as it is; whoever takes it decompresses it, and holds that to the limit again.
    ///
    /// Throws RESOURCE_EXHAUSTED as soon as the prefix of a message over the limit is there, and INTERNAL for a compressed
    /// message without `grpc-encoding` and for unknown flags (gRPC specification, `doc/compression.md`). After an error
    /// everything buffered is given up, later bytes are ignored, and the same error is thrown again.
    package mutating func next() throws(RPCError) -> ByteBuffer? {
        if let violation { throw violation.error }
        if payloadBytes == nil { payloadBytes = try takePrefix() }
        guard let length = payloadBytes else { return nil }
        if head.readableBytes == 0 { promoteTail() }
        if head.readableBytes >= length { return takeSlice(length) }
        if head.readableBytes + tail.readableBytes >= length { return takeAcross(length) }
        settle()
        return nil
    }
}

// MARK: - What is buffered

extension MessageDeframer {
    /// Bytes appended that have not left as messages, the prefix of an unfinished message included.
    package var bufferedBytes: Int {
        unreadBytes + (payloadBytes == nil ? 0 : MessagePrefix.byteCount)
    }

    /// Whether nothing of a message is buffered, so that the request may end here.
    package var isAtMessageBoundary: Bool {
        bufferedBytes == 0
    }

    /// How many bytes the first message in the buffer lacks, as far as is known.
    ///
    /// Those are the ones of its prefix until that is whole, then those of its payload. Zero when it is whole, when
    /// nothing is buffered, and when `next()` would throw.
    package var missingBytes: Int {
        guard violation == nil, bufferedBytes > 0 else { return 0 }
        if let payloadBytes { return max(0, payloadBytes - unreadBytes) }
        guard unreadBytes >= MessagePrefix.byteCount else { return MessagePrefix.byteCount - unreadBytes }
        guard case .success(let length) = peekPrefix() else { return 0 }
        return max(0, length - (unreadBytes - MessagePrefix.byteCount))
    }

    private var unreadBytes: Int {
        head.readableBytes + tail.readableBytes
    }
}

// MARK: - The prefix

extension MessageDeframer {
    /// What makes a prefix unacceptable; kept so that the error can be thrown again.
    private enum Violation: Error {
        case tooLarge(length: UInt32, limit: Int)
        case unknownFlags(UInt8)
        case compressedWithoutEncoding

        var error: RPCError {
            switch self {
            case .tooLarge(let length, let limit):
                RPCError(.resourceExhausted, "a message of \(length) bytes is larger than the limit of \(limit) bytes")
            case .unknownFlags(let flags):
                RPCError(.internalError, "a message has unknown flags: \(flags)")
            case .compressedWithoutEncoding:
                RPCError(.internalError, "a message is marked as compressed, but the call names no grpc-encoding")
            }
        }
    }

    /// Takes the prefix off and returns the payload's length; nil when the prefix is not whole yet.
    private mutating func takePrefix() throws(RPCError) -> Int? {
        if head.readableBytes == 0 { promoteTail() }
        guard unreadBytes >= MessagePrefix.byteCount else {
            settle()
            return nil
        }
        if head.readableBytes < MessagePrefix.byteCount {
            settle()
            promoteTail()
        }
        switch peekPrefix() {
        case .success(let length):
            messageIsCompressed = byte(at: 0) == 1
            head.moveReaderIndex(forwardBy: MessagePrefix.byteCount)
            return length
        case .failure(let violation):
            self.violation = violation
            head = ByteBuffer()
            tail = ByteBuffer()
            throw violation.error
        }
    }

    /// Reads the prefix, of which all five bytes must be there, without taking it off.
    private func peekPrefix() -> Result<Int, Violation> {
        let flags = byte(at: 0)
        var length: UInt32 = 0
        for index in 1..<MessagePrefix.byteCount {
            length = length << 8 | UInt32(byte(at: index))
        }
        guard flags & 0xFE == 0 else { return .failure(.unknownFlags(flags)) }
        var limit = maximumMessageBytes
        if flags == 1 {
            guard encoding != .identity else { return .failure(.compressedWithoutEncoding) }
            limit = CompressionAlgorithm.maximumCompressedBytes(of: limit)
        }
        // Compared as Int, which holds every UInt32 on the 64-bit systems this runs on, before anything is allocated.
        guard Int(length) <= limit else {
            return .failure(.tooLarge(length: length, limit: maximumMessageBytes))
        }
        return .success(Int(length))
    }

    /// The unread byte at an offset below `unreadBytes`, whichever buffer it lies in.
    private func byte(at offset: Int) -> UInt8 {
        let headBytes = head.readableBytes
        let found: UInt8? =
            offset < headBytes
            ? head.getInteger(at: head.readerIndex + offset)
            : tail.getInteger(at: tail.readerIndex + offset - headBytes)
        return found ?? 0
    }
}

// MARK: - Moving bytes

extension MessageDeframer {
    private mutating func promoteTail() {
        head = tail
        tail = ByteBuffer()
        headMayBeShared = false
    }

    /// Takes a message that lies in `head` alone.
    private mutating func takeSlice(_ length: Int) -> ByteBuffer? {
        payloadBytes = nil
        guard length > 0 else { return ByteBuffer() }
        let payload = head.readSlice(length: length)
        headMayBeShared = true
        if head.readableBytes == 0 { promoteTail() }
        return payload
    }

    /// Takes a message that begins in `head` and ends in `tail`.
    private mutating func takeAcross(_ length: Int) -> ByteBuffer? {
        payloadBytes = nil
        var payload = ByteBuffer()
        payload.reserveCapacity(length)
        payload.writeBuffer(&head)
        promoteTail()
        guard var rest = head.readSlice(length: length - payload.readableBytes) else { return nil }
        payload.writeBuffer(&rest)
        return payload
    }

    /// Moves what is unread of an unfinished message into `tail`, where the rest of it will be written.
    private mutating func settle() {
        guard head.readableBytes > 0 else { return }
        if tail.readableBytes == 0, !headMayBeShared {
            swap(&head, &tail)
            return
        }
        var joined = ByteBuffer()
        joined.reserveCapacity(unreadBytes)
        joined.writeBuffer(&head)
        joined.writeBuffer(&tail)
        tail = joined
        head = ByteBuffer()
        headMayBeShared = false
    }
}
