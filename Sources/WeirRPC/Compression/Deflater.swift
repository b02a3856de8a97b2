// SPDX-License-Identifier: Apache-2.0

internal import CZlib
package import NIOCore

/// Compresses one message after the other in one format, with one context of zlib.
///
/// Each message starts with a fresh state, so the same bytes in the same pieces always come out the same. The context takes
/// about 262 KiB, as long as it lives.
@safe
package final class Deflater {
    // Invariant: allocated and set up by init, taken down by deinit, and never moved in between, since zlib's state points back
    // at it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output = ByteBuffer()
    private var hasFailed = false

    /// How hard zlib tries, from 1 to 9.
    ///
    /// Compressing runs on the connection's loop, on which others wait: the fast half of zlib's levels, of which this is the
    /// one that compresses best.
    package static let level: Int32 = 3

    /// Makes a context of this format, gzip or zlib; nil when there is no memory for it.
    package init?(_ algorithm: CompressionAlgorithm) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe deflateInit2_(
            stream, Self.level, Z_DEFLATED, algorithm == .gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        _ = unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Begins a message, which is written into `buffer`.
    package func begin(into buffer: consuming ByteBuffer) {
        output = buffer
        output.clear()
        hasFailed = unsafe deflateReset(stream) != Z_OK
    }

    /// Adds the next bytes of the message.
    package func add(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var offset = 0
        while offset < bytes.count, !hasFailed {
            // zlib counts in 32 bits, and does not write to its input.
            let count = min(bytes.count - offset, Self.largestPiece)
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: (base + offset).assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(count)
            while unsafe stream.pointee.avail_in > 0, !hasFailed {
                if step(Z_NO_FLUSH, atLeast: count / 4) != Z_OK { hasFailed = true }
            }
            offset += count
        }
        unsafe stream.pointee.next_in = nil
    }

    /// Ends the message and returns it.
    ///
    /// - Throws: INTERNAL when zlib failed, which it does only for want of memory.
    package func finish() throws(RPCError) -> ByteBuffer {
        var code = Z_OK
        while code == Z_OK, !hasFailed { code = step(Z_FINISH, atLeast: 0) }
        var buffer = ByteBuffer()
        swap(&buffer, &output)
        guard code == Z_STREAM_END, !hasFailed else {
            throw RPCError(.internalError, "the message cannot be compressed: zlib says \(code)")
        }
        return buffer
    }

    /// Lets zlib write into what the buffer has free, and into no less than a step.
    private func step(_ flush: Int32, atLeast count: Int) -> Int32 {
        var code = Z_OK
        let wanted = max(Self.smallestStep, min(count, max(Self.smallestStep, output.readableBytes)))
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
            let count = UInt32(clamping: space.count)
            // The space is raw memory, to which zlib writes bytes.
            unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = count
            code = unsafe CZlib.deflate(stream, flush)
            let left = unsafe stream.pointee.avail_out
            unsafe stream.pointee.next_out = nil
            return Int(count - left)
        }
        return code
    }

    private static let smallestStep = 512
    private static let largestPiece = 1 << 30
}
