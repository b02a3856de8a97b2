// SPDX-License-Identifier: Apache-2.0

internal import CProtobufC
public import NIOCore

/// A message that is laid out and measured, ready to be packed; valid only inside the closure it is handed to.
@safe
public struct ProtobufPacking: ~Copyable {
    // Invariant: the message, in the arena of the session, and the session live for the closure given to `withPacking`.
    private let message: UnsafePointer<ProtobufCMessage>
    private let session: UnsafeMutablePointer<PackSession>

    /// The length of the encoded message in bytes.
    public let byteCount: Int

    init(
        message: UnsafePointer<ProtobufCMessage>, byteCount: Int, session: UnsafeMutablePointer<PackSession>
    ) {
        unsafe self.message = unsafe message
        unsafe self.session = unsafe session
        self.byteCount = byteCount
    }

    /// The length of the longest `bytes` field in bytes, so that the caller can choose the form; 0 if there is none.
    public var largestBytesField: Int { unsafe session.pointee.largestBytesField }

    /// Encodes the message into `destination`, which must have room for ``byteCount`` bytes; exactly these are written.
    public func pack(into destination: UnsafeMutableRawBufferPointer) {
        guard byteCount > 0, let base = destination.baseAddress else { return }
        // protobuf-c does not know where the destination ends.
        precondition(destination.count >= byteCount, "the destination is smaller than the message")
        _ = unsafe protobuf_c_message_pack(message, base.assumingMemoryBound(to: UInt8.self))
    }

    /// Encodes the message in pieces, in order: large payloads are handed over as slices and not copied.
    ///
    /// - Parameters:
    ///   - sliceThreshold: the smallest `bytes` field that is handed over as a slice, in bytes; values below 1,024 count
    ///     as 1,024.
    ///   - bytes: is called for each run of encoded bytes, which are valid during the call.
    ///   - slice: is called for each `bytes` field of at least `sliceThreshold` bytes.
    public func pack(
        sliceThreshold: Int, bytes: (UnsafeRawBufferPointer) -> Void, slice: (ByteBuffer) -> Void
    ) {
        unsafe withoutActuallyEscaping(bytes) { bytes in
            withoutActuallyEscaping(slice) { slice in
                var sink = unsafe SliceSink(session: session, threshold: sliceThreshold, bytes: bytes, slice: slice)
                unsafe withUnsafeMutablePointer(to: &sink) { sink in
                    // The buffer is a member of the sink, from whose address the callback finds the sink again.
                    let buffer = unsafe UnsafeMutableRawPointer(sink) + SliceSink.bufferOffset
                    _ = unsafe protobuf_c_message_pack_to_buffer(
                        message, buffer.assumingMemoryBound(to: ProtobufCBuffer.self))
                }
            }
        }
    }
}
