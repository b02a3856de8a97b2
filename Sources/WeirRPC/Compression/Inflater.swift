// SPDX-License-Identifier: Apache-2.0

internal import CZlib
package import NIOCore

/// Decompresses one message after the other, gzip and zlib alike, with one context of zlib.
///
/// Each message starts with a fresh state: nothing is carried over from the message before (gRPC specification,
/// `doc/compression.md`). The context takes about 7 KiB, and 32 KiB more once a message needed its window.
@safe
package final class Inflater {
    /// Why a message cannot be decompressed.
    package enum Failure: Error, Hashable {
        /// It would have more bytes than it may.
        case tooLarge
        /// It is not in the format, its checksum does not match, or it asks for a dictionary.
        case corrupt
        /// It breaks off.
        case incomplete
        /// Bytes follow behind its end.
        case trailingBytes
        /// zlib got no memory.
        case noMemory
    }

    // Invariant: allocated and set up by init, taken down by deinit, and never moved in between, since zlib's state points back
    // at it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Makes a context; nil when there is no memory for it.
    package init?() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe inflateInit2_(stream, Self.zlibWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            unsafe stream.deallocate()
            return nil
        }
    }

    deinit {
        _ = unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The message that `bytes` hold, which has at most `limit` bytes.
    ///
    /// Memory is taken as the message grows, twice what is there already at most, and never more than `limit` bytes are
    /// written: one byte beyond it ends the work, however much would follow.
    package func inflate(
        _ bytes: ByteBuffer, _ algorithm: CompressionAlgorithm, limit: Int
    ) throws(Failure) -> ByteBuffer {
        let window = algorithm == .gzip ? Self.gzipWindow : Self.zlibWindow
        guard unsafe inflateReset2(stream, window) == Z_OK else { throw .corrupt }
        var output = ByteBuffer()
        let failure = unsafe bytes.withUnsafeReadableBytes { input in
            unsafe inflate(input, into: &output, limit: max(0, limit))
        }
        if let failure { throw failure }
        return output
    }

    private func inflate(
        _ input: UnsafeRawBufferPointer, into output: inout ByteBuffer, limit: Int
    ) -> Failure? {
        // zlib counts in 32 bits, and so does the prefix of a message.
        guard let base = input.baseAddress, input.count <= Int(UInt32.max) else { return .incomplete }
        // zlib does not write to its input.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: base.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(input.count)
        defer {
            // The input is the caller's, and is not kept an eye on any longer.
            unsafe stream.pointee.next_in = nil
            unsafe stream.pointee.avail_in = 0
        }
        var step = max(Self.smallestStep, input.count * 4)
        while true {
            let room = limit - output.readableBytes
            let (code, isFull) = room > 0 ? inflatePart(min(step, room), into: &output) : inflateBeyond()
            step = max(Self.smallestStep, output.readableBytes)
            switch code {
            case Z_STREAM_END:
                if room == 0, isFull { return .tooLarge }
                return unsafe stream.pointee.avail_in > 0 ? .trailingBytes : nil
            case Z_OK, Z_BUF_ERROR:
                if room == 0, isFull { return .tooLarge }
                // There was space, and zlib wants more input, of which there is none.
                if !isFull, unsafe stream.pointee.avail_in == 0 { return .incomplete }
                if code == Z_BUF_ERROR, !isFull { return .corrupt }
            case Z_MEM_ERROR: return .noMemory
            default: return .corrupt
            }
        }
    }

    /// Decompresses up to `count` bytes; returns zlib's answer, and whether it used all of that space.
    private func inflatePart(_ count: Int, into output: inout ByteBuffer) -> (code: Int32, isFull: Bool) {
        var code = Z_OK
        var left: UInt32 = 0
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            let count = UInt32(clamping: min(count, space.count))
            // The space is raw memory, to which zlib writes bytes.
            unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = count
            code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
            left = unsafe stream.pointee.avail_out
            unsafe stream.pointee.next_out = nil
            return Int(count - left)
        }
        return (code, left == 0)
    }

    /// Looks whether there is a byte more; it is thrown away.
    private func inflateBeyond() -> (code: Int32, isFull: Bool) {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { space in
            unsafe stream.pointee.next_out = space.baseAddress
            unsafe stream.pointee.avail_out = 1
            let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
            let isFull = unsafe stream.pointee.avail_out == 0
            unsafe stream.pointee.next_out = nil
            return (code, isFull)
        }
    }

    /// Bytes that the first part of a small message gets.
    private static let smallestStep = 512
    /// The largest window, in the zlib format; 16 more asks for gzip instead (zlib.h, inflateInit2).
    private static let zlibWindow: Int32 = 15
    private static let gzipWindow: Int32 = 15 + 16
}

extension Inflater.Failure {
    /// The status for a message that came by this name; `limit` is the most bytes that a message may have.
    package func error(encoding: CompressionAlgorithm, limit: Int) -> RPCError {
        switch self {
        case .tooLarge:
            RPCError(.resourceExhausted, "a message is larger than the limit of \(limit) bytes once it is decompressed")
        case .corrupt:
            RPCError(.internalError, "a compressed message is not valid \(encoding.rawValue)")
        case .incomplete:
            RPCError(.internalError, "a compressed message breaks off: its \(encoding.rawValue) has no end")
        case .trailingBytes:
            RPCError(.internalError, "a compressed message has bytes behind the end of its \(encoding.rawValue)")
        case .noMemory:
            RPCError(.resourceExhausted, "there is no memory to decompress a message")
        }
    }
}
