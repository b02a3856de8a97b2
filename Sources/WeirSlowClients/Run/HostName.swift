// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore

/// What the system knows of names of machines.
enum HostName {
    /// All TCP addresses of a name, in the order of getaddrinfo(3) (RFC 6724); none when it is not known.
    static func addresses(of host: String, port: Int) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_protocol = Int32(IPPROTO_TCP)
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next = unsafe first
        while let entry = unsafe next {
            if let address = unsafe address(entry.pointee, port), !addresses.contains(address) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo, _ port: Int) -> SocketAddress? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let result = unsafe getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard result == 0 else { return nil }
        let digits = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return try? SocketAddress(ipAddress: String(decoding: digits, as: UTF8.self), port: port)
    }
}
