// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirEngine
internal import WeirHTTP2
internal import WeirProtobuf
internal import WeirRPC
internal import WeirTransport

/// Compressing responses and decompressing requests; all of it on the loop, whose contexts of zlib are used.
extension CallHandle {
    // MARK: - Responses

    /// The message, compressed; nil when it is to go as it is.
    ///
    /// - Parameter compressed: false: not at all; true: if the call compresses, however small or incompressible the message
    ///   is; nil: if that makes it smaller.
    func compress(_ packing: borrowing ProtobufPacking, _ compressed: Bool? = nil) throws(RPCError) -> ByteBuffer? {
        guard call.compressesResponses, compressed ?? (packing.byteCount >= ServerCall.smallestCompressedBytes) else {
            return nil
        }
        let bytes = try deflate(packing)
        guard compressed != nil || bytes.readableBytes < packing.byteCount else {
            call.spares.give(bytes)
            return nil
        }
        return bytes
    }

    private func deflate(_ packing: borrowing ProtobufPacking) throws(RPCError) -> ByteBuffer {
        let deflater = try call.beginCompressing()
        if packing.largestBytesField >= Self.sliceThresholdBytes {
            unsafe packing.pack(sliceThreshold: Self.sliceThresholdBytes) { bytes in
                unsafe deflater.add(bytes)
            } slice: { slice in
                unsafe slice.withUnsafeReadableBytes { unsafe deflater.add($0) }
            }
        } else {
            let byteCount = packing.byteCount
            var packed = call.spares.take(minimumCapacity: byteCount)
            unsafe packed.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { space in
                unsafe packing.pack(into: UnsafeMutableRawBufferPointer(rebasing: space[..<byteCount]))
                return byteCount
            }
            unsafe packed.withUnsafeReadableBytes { unsafe deflater.add($0) }
            call.spares.give(packed)
        }
        return try deflater.finish()
    }

    /// What a sender that waits keeps of a compressed message.
    func keep(_ bytes: consuming ByteBuffer) -> CompressedCopy {
        let copy = CompressedCopy(bytes, budget: call.processBudget)
        call.spares.give(bytes)
        return copy
    }

    /// Writes a compressed message for which room was set aside.
    func write<Message: ProtobufMessage>(
        _ message: Message, _ copy: CompressedCopy, _ byteCount: Int
    ) throws(RPCError) {
        if let bytes = copy.bytes { return try call.writeCompressed(bytes) }
        // There was no room to keep it: the same bytes come out once more.
        let bytes = try compressAgain(message)
        guard let bytes, bytes.readableBytes == byteCount else {
            call.giveUpRoom(byteCount)
            throw RPCError(.internalError, "a message was changed while it waited to be sent")
        }
        try call.writeCompressed(bytes)
    }

    private func compressAgain<Message: ProtobufMessage>(_ message: Message) throws(RPCError) -> ByteBuffer? {
        do {
            return try message.withPacking { packing in try compress(packing, true) }
        } catch {
            return nil
        }
    }

    // MARK: - Requests

    /// Decompresses the request of a method that takes one message, if it came compressed.
    nonisolated(nonsending) func inflateRequest() async throws(RPCError) {
        guard let bytes = request.take() else { return }
        request = try await inflate(bytes)
    }

    /// The message that a compressed one stands for, from any thread; suspends only when called from outside the loop.
    nonisolated(nonsending) func inflate(_ bytes: ByteBuffer) async throws(RPCError) -> ByteBuffer {
        try await readOnLoop { _ in
            Result { () throws(RPCError) -> ByteBuffer in try self.inflateNow(bytes) }
        }.get()
    }

    /// The message that a compressed one stands for; only on the loop.
    func inflateNow(_ bytes: ByteBuffer) throws(RPCError) -> ByteBuffer {
        try call.compression.inflate(bytes, call.requestEncoding, limit: call.route.maximumRequestBytes)
    }
}
