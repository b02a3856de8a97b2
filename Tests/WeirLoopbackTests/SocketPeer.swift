// SPDX-License-Identifier: Apache-2.0

import CNGHTTP2
import Glibc
import NIOCore
import Testing
import WeirProtobuf

/// A client that writes its frames by hand, over a real socket that it never waits for.
final class SocketPeer {
    /// What came back on one stream.
    struct Response {
        var fields: [String: String] = [:]
        var data = ByteBuffer()
        var isOver = false
        var reset: UInt32?

        var status: String? { fields["grpc-status"] }

        /// The messages that arrived; nil when part of one is left over.
        var messages: [Sample]? {
            let (messages, rest) = wholeMessages
            return rest == 0 ? messages : nil
        }

        /// The messages that arrived whole, and the number of bytes that are left over.
        var wholeMessages: (messages: [Sample], restBytes: Int) {
            var rest = data
            var messages: [Sample] = []
            while true {
                var ahead = rest
                guard ahead.readInteger(as: UInt8.self) == 0, let length = ahead.readInteger(as: UInt32.self),
                    let body = ahead.readSlice(length: Int(length)), let message = try? Sample(serialized: body)
                else { return (messages, rest.readableBytes) }
                messages.append(message)
                rest = ahead
            }
        }
    }

    struct Broken: Error {
        var reason: String
    }

    private let descriptor: Int32
    private var inflater: OpaquePointer?
    private var pending = ByteBuffer()
    private(set) var responses: [UInt32: Response] = [:]
    /// Credit received, by stream; 0 is the connection.
    private(set) var credit: [UInt32: Int] = [:]
    /// Whether each DATA frame's bytes are given back at once, on its stream and the connection.
    var returnsCredit = false

    /// Connects, and lets each stream send `window` bytes.
    init(_ address: String, window: UInt32 = 65_535) throws {
        let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Broken(reason: "connect: \(errno)") }
        nghttp2_hd_inflate_new(&inflater)
        write(ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        var settings = ByteBuffer()
        settings.writeInteger(UInt16(4))
        settings.writeInteger(window)
        frame(4, stream: 0, settings)
    }

    deinit {
        close(descriptor)
        nghttp2_hd_inflate_del(inflater)
    }

    subscript(stream: UInt32) -> Response { responses[stream] ?? Response() }

    // MARK: - Sending

    func call(_ path: String = SampleService.path, stream: UInt32 = 1) {
        begin(path, stream: stream)
        frame(0, flags: 1, stream: stream, ByteBuffer(repeating: 0, count: 5))
    }

    /// Begins a call whose messages follow.
    func begin(_ path: String, stream: UInt32 = 1) {
        var block = ByteBuffer()
        for (name, value) in [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ] {
            block.writeInteger(UInt8(0))
            block.writeInteger(UInt8(name.utf8.count))
            block.writeString(name)
            block.writeInteger(UInt8(value.utf8.count))
            block.writeString(value)
        }
        frame(1, flags: 4, stream: stream, block)
    }

    /// Sends a request message of at most one frame.
    func upload(_ message: Sample, stream: UInt32 = 1) throws {
        let bytes = try message.serialized()
        var payload = ByteBuffer(integer: UInt8(0))
        payload.writeInteger(UInt32(bytes.readableBytes))
        payload.writeImmutableBuffer(bytes)
        frame(0, stream: stream, payload)
    }

    /// Ends the client's side of a stream.
    func halfClose(_ stream: UInt32 = 1) {
        frame(0, flags: 1, stream: stream, ByteBuffer())
    }

    func grant(_ bytes: Int, stream: UInt32) {
        frame(8, stream: stream, ByteBuffer(integer: UInt32(bytes)))
    }

    func reset(_ stream: UInt32) {
        frame(3, stream: stream, ByteBuffer(integer: UInt32(8)))
    }

    private func frame(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: ByteBuffer) {
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(payload.readableBytes) << 8 | UInt32(kind))
        bytes.writeInteger(flags)
        bytes.writeInteger(stream)
        bytes.writeImmutableBuffer(payload)
        write(bytes)
    }

    /// What a peer writes here is small: the kernel takes it at once.
    private func write(_ bytes: ByteBuffer) {
        _ = bytes.withUnsafeReadableBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    // MARK: - Receiving

    /// Takes what has arrived, without waiting.
    func receive() throws {
        while true {
            let count = pending.writeWithUnsafeMutableBytes(minimumWritableBytes: 65_536) { space in
                max(0, recv(descriptor, space.baseAddress, space.count, Int32(MSG_DONTWAIT)))
            }
            if count == 0 { break }
        }
        while pending.readableBytes >= 9 {
            guard let head = pending.getInteger(at: pending.readerIndex, as: UInt32.self) else { return }
            let length = Int(head >> 8)
            guard pending.readableBytes >= 9 + length else { return }
            pending.moveReaderIndex(forwardBy: 4)
            guard let flags = pending.readInteger(as: UInt8.self), let stream = pending.readInteger(as: UInt32.self),
                let payload = pending.readSlice(length: length)
            else { return }
            try note(UInt8(truncatingIfNeeded: head), flags, stream, payload)
        }
        pending.discardReadBytes()
    }

    private func note(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: ByteBuffer) throws {
        switch kind {
        case 0:
            responses[stream, default: Response()].data.writeImmutableBuffer(payload)
            if returnsCredit, payload.readableBytes > 0 {
                grant(payload.readableBytes, stream: 0)
                grant(payload.readableBytes, stream: stream)
            }
        case 1: responses[stream, default: Response()].fields.merge(try decode(payload)) { $1 }
        case 3:
            responses[stream, default: Response()].reset = payload.getInteger(at: payload.readerIndex)
            responses[stream]?.isOver = true
        case 4 where flags & 1 == 0: frame(4, flags: 1, stream: 0, ByteBuffer())
        case 8:
            credit[stream, default: 0] +=
                payload.getInteger(at: payload.readerIndex, as: UInt32.self).map { Int($0) } ?? 0
        case 6 where flags & 1 == 0: frame(6, flags: 1, stream: 0, payload)
        default: break
        }
        if kind < 2, flags & 1 != 0 { responses[stream, default: Response()].isOver = true }
    }

    /// Decodes a field block (RFC 7541) with the library's decoder.
    private func decode(_ block: ByteBuffer) throws -> [String: String] {
        var fields: [String: String] = [:]
        var bytes = Array(block.readableBytesView)
        var position = 0
        while true {
            var pair = nghttp2_nv()
            var flags: Int32 = 0
            let used = bytes.withUnsafeMutableBufferPointer { buffer in
                nghttp2_hd_inflate_hd2(
                    inflater, &pair, &flags, buffer.baseAddress.map { $0 + position }, buffer.count - position, 1)
            }
            guard used >= 0 else { throw Broken(reason: "field block: \(used)") }
            position += used
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = UnsafeBufferPointer(start: pair.name, count: pair.namelen)
                let value = UnsafeBufferPointer(start: pair.value, count: pair.valuelen)
                fields[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
            } else if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 || position == bytes.count {
                nghttp2_hd_inflate_end_headers(inflater)
                return fields
            }
        }
    }
}
