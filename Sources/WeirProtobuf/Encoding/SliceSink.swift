// SPDX-License-Identifier: Apache-2.0

internal import CProtobufC
internal import NIOCore

/// Receives the pieces of an encoded message from protobuf-c and tells payloads from the rest by their addresses.
@safe
struct SliceSink {
    private var buffer: ProtobufCBuffer
    // Invariant: the session lives while the sink is used.
    private let session: UnsafeMutablePointer<PackSession>
    private let threshold: Int
    private let bytes: (UnsafeRawBufferPointer) -> Void
    private let slice: (ByteBuffer) -> Void
    /// The next remembered field that has not been seen; protobuf-c encodes in the order in which they were laid out.
    private var next = 0

    /// Where in the sink protobuf-c's part is, in bytes.
    static var bufferOffset: Int { MemoryLayout<SliceSink>.offset(of: \.buffer) ?? 0 }

    init(
        session: UnsafeMutablePointer<PackSession>, threshold: Int,
        bytes: @escaping (UnsafeRawBufferPointer) -> Void, slice: @escaping (ByteBuffer) -> Void
    ) {
        unsafe self.session = unsafe session
        self.threshold = threshold
        unsafe self.bytes = unsafe bytes
        self.slice = slice
        unsafe buffer = ProtobufCBuffer { buffer, count, data in
            guard let buffer = unsafe buffer, let data = unsafe data, count > 0 else { return }
            let sink = unsafe UnsafeMutableRawPointer(buffer) - SliceSink.bufferOffset
            unsafe sink.assumingMemoryBound(to: SliceSink.self).pointee
                .append(UnsafeRawBufferPointer(start: data, count: count))
        }
    }

    private mutating func append(_ piece: UnsafeRawBufferPointer) {
        guard piece.count >= PackSession.smallestSlice, let candidate = unsafe session.pointee.slice(next),
            unsafe candidate.isAt(piece)
        else {
            unsafe bytes(piece)
            return
        }
        next += 1
        if piece.count >= threshold { slice(candidate) } else { unsafe bytes(piece) }
    }
}

extension ByteBuffer {
    /// Whether the readable bytes are exactly those of `piece`, not merely equal to them.
    fileprivate func isAt(_ piece: UnsafeRawBufferPointer) -> Bool {
        unsafe withUnsafeReadableBytes { bytes in
            unsafe bytes.baseAddress == piece.baseAddress && bytes.count == piece.count
        }
    }
}
