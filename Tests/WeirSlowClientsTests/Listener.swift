// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

/// A listening socket on loopback, and what one connection to it is given and gives; nothing waits for ever.
final class Listener {
    private var listening: Int32
    private var accepted: Int32 = -1
    let address: SocketAddress

    struct Failed: Error {}

    init() throws {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listening = file
        let any = try SocketAddress(ipAddress: "127.0.0.1", port: 0)
        let bound = any.withSockAddr { name, size in bind(file, name, socklen_t(size)) }
        guard bound == 0, listen(file, 8) == 0 else { throw Failed() }
        // What the kernel chose: the port stands behind the family, the high byte first.
        var name = [UInt8](repeating: 0, count: 16)
        var size = socklen_t(name.count)
        let known = name.withUnsafeMutableBytes { bytes in
            getsockname(file, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard known == 0 else { throw Failed() }
        address = try SocketAddress(ipAddress: "127.0.0.1", port: Int(name[2]) << 8 | Int(name[3]))
    }

    deinit { shut() }

    /// Takes the next connection; it does not block from then on.
    func accept() throws {
        var waiting = pollfd(fd: listening, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 10_000) == 1 else { throw Failed() }
        accepted = Glibc.accept(listening, nil, nil)
        guard accepted >= 0, fcntl(accepted, F_SETFL, O_NONBLOCK) == 0 else { throw Failed() }
    }

    /// Gives bytes; returns how many the kernel took.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Int { Glibc.send(accepted, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// What has come; nil when the client closed the connection.
    func received() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(accepted, &bytes, bytes.count, 0)
        if count == 0 { return nil }
        if count < 0 { return errno == EAGAIN ? [] : nil }
        return Array(bytes.prefix(count))
    }

    /// Bytes that were given and that the client's kernel has not acknowledged.
    var unacknowledgedBytes: Int {
        var count: Int32 = 0
        // SIOCOUTQ of linux/sockios.h.
        return ioctl(accepted, 0x5411, &count) == 0 ? Int(count) : -1
    }

    /// Closes what was accepted.
    func shutAccepted() {
        if accepted >= 0 { close(accepted) }
        accepted = -1
    }

    func shut() {
        shutAccepted()
        if listening >= 0 { close(listening) }
        listening = -1
    }
}
