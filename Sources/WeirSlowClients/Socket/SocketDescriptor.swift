// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore

/// One TCP socket that never blocks, with the few calls that a raw client needs.
///
/// Owns its descriptor; not `Sendable`.
final class SocketDescriptor {
    enum ReadResult {
        case bytes(ByteBuffer)
        case nothing
        case closed
    }

    /// `struct sock_filter` of linux/filter.h.
    private struct Instruction {
        var code: UInt16
        var jumpTrue: UInt8
        var jumpFalse: UInt8
        var operand: UInt32
    }

    /// `struct sock_fprog` of linux/filter.h.
    @unsafe private struct Program {
        var length: UInt16
        var instructions: UnsafeMutablePointer<Instruction>
    }

    /// SO_ATTACH_FILTER and SO_DETACH_FILTER of asm-generic/socket.h.
    private static let attachFilter: Int32 = 26
    private static let detachFilter: Int32 = 27

    /// The descriptor; -1 once it is closed.
    private(set) var number: Int32

    /// Begins to connect to an address.
    ///
    /// - Parameter receiveBufferBytes: SO_RCVBUF, which the kernel doubles; nil leaves it to the kernel, which lets it grow.
    /// - Throws: ``BenchError`` when the kernel refuses at once.
    init(connectingTo address: SocketAddress, receiveBufferBytes: Int?) throws(BenchError) {
        let family = if case .v6 = address { AF_INET6 } else { AF_INET }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        number = socket(family, type, 0)
        guard number >= 0 else { throw BenchError(.couldNotRun, "no socket is to be had: \(BenchError.reason(errno))") }
        if let receiveBufferBytes { set(SOL_SOCKET, SO_RCVBUF, Int32(clamping: receiveBufferBytes)) }
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        let result = unsafe address.withSockAddr { name, size in unsafe connect(number, name, socklen_t(size)) }
        guard result == 0 || errno == EINPROGRESS else {
            let reason = BenchError.reason(errno)
            shut()
            throw BenchError(.couldNotRun, "\(address) cannot be connected to: \(reason)")
        }
    }

    deinit { shut() }

    /// Whether connecting is over, well or not, by then.
    ///
    /// Blocks.
    func awaitConnection(milliseconds: Int32) -> Bool {
        var asked = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&asked, 1, milliseconds) > 0
    }

    /// What became of connecting: 0 when it is connected, else the error's number.
    var connectError: Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &value, &size) == 0 else { return errno }
        return value
    }

    /// Takes up to `limit` bytes from the socket.
    func read(atMost limit: Int) -> ReadResult {
        var buffer = ByteBuffer()
        let count = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { space in
            unsafe max(0, recv(number, space.baseAddress, min(limit, space.count), 0))
        }
        if count > 0 { return .bytes(buffer) }
        // After recv gave 0 errno is whatever it was: ask again for the truth, without taking anything.
        var byte: UInt8 = 0
        let peeked = unsafe recv(number, &byte, 1, Int32(MSG_PEEK))
        if peeked < 0, errno == EAGAIN || errno == EINTR { return .nothing }
        return peeked > 0 ? .nothing : .closed
    }

    /// Gives bytes to the kernel; returns how many it took, nil when the connection is gone.
    func write(_ bytes: ByteBuffer) -> Int? {
        let count = unsafe bytes.withUnsafeReadableBytes { bytes in
            unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    /// Nothing comes in any more and nothing is answered, as when the machine lost its network: a filter in the kernel drops
    /// every segment, acknowledgements too.
    ///
    /// What was sent before and is not acknowledged is still repeated.
    func dropEverything() {
        // One instruction of classic BPF: return 0, the number of bytes to keep.
        var instruction = Instruction(code: 0x06, jumpTrue: 0, jumpFalse: 0, operand: 0)
        unsafe withUnsafeMutablePointer(to: &instruction) { instruction in
            var program = unsafe Program(length: 1, instructions: instruction)
            _ = unsafe setsockopt(
                number, SOL_SOCKET, Self.attachFilter, &program, socklen_t(MemoryLayout<Program>.size))
        }
    }

    /// The network is back.
    func dropNothing() { set(SOL_SOCKET, Self.detachFilter, 0) }

    /// Closes the socket; what the peer still sends is answered with a reset.
    func shut() {
        guard number >= 0 else { return }
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(number)
        number = -1
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(number, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
