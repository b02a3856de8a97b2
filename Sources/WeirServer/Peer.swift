// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The other end of a connection: its address, and who it has proven to be.
public struct Peer: Sendable, Hashable {
    private let address: SocketAddress?
    /// What a TLS client showed for itself; nil without TLS, and for a client that showed nothing.
    public let certificate: Certificate?

    init(_ address: SocketAddress?, certificate: Certificate? = nil) {
        self.address = address
        self.certificate = certificate
    }

    /// The client's certificate, after it was verified.
    public struct Certificate: Sendable, Hashable {
        /// The subject as one line, `CN=client,O=Example`.
        public var subject: String
        /// The subject's alternative names, in the certificate's order (RFC 5280 §4.2.1.6).
        public var alternativeNames: [AlternativeName]

        /// Makes a certificate of these names.
        public init(subject: String, alternativeNames: [AlternativeName] = []) {
            self.subject = subject
            self.alternativeNames = alternativeNames
        }
    }

    /// A name beside the subject's.
    public enum AlternativeName: Sendable, Hashable {
        /// A host's name.
        case dns(String)
        /// A URI, as SPIFFE ids are.
        case uri(String)
        /// A mailbox.
        case email(String)
        /// An address, as text.
        case ipAddress(String)
    }

    /// The IP address as text, `127.0.0.1` or `::1`; nil on a Unix socket.
    public var host: String? { address?.ipAddress }

    /// The port; nil on a Unix socket.
    public var port: Int? { address?.port }

    /// The path of a Unix socket, which is empty when the client bound none; nil on any other.
    public var unixPath: String? {
        guard case .unixDomainSocket = address else { return nil }
        return address?.pathname
    }
}

extension Peer: CustomStringConvertible {
    /// `127.0.0.1:52000`, `[::1]:52000`, `unix:/run/app.sock`, or `unknown`.
    public var description: String {
        if let host, let port { return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
        if let unixPath { return "unix:\(unixPath)" }
        return "unknown"
    }
}
