// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import WeirEngine
internal import WeirHTTP2

/// A connection, as a list names it.
package struct ConnectionName: Sendable {
    /// Its number.
    package var id: UInt64
    /// The address of its client.
    package var remoteAddress: SocketAddress?
}

/// What all connections of a server did so far.
package struct ConnectionTotals: Sendable {
    package var callsStarted: UInt64 = 0
    package var callsSucceeded: UInt64 = 0
    package var callsFailed: UInt64 = 0
    /// How long ago the last call began; nil before the first.
    package var sinceLastCall: Duration?

    package init() {}
}

/// What is known of one connection.
package struct ConnectionFacts: Sendable {
    package var id: UInt64
    package var localAddress: SocketAddress?
    package var remoteAddress: SocketAddress?
    package var streamsStarted: UInt64
    package var streamsSucceeded: UInt64
    package var streamsFailed: UInt64
    package var messagesSent: UInt64
    package var messagesReceived: UInt64
    /// How long ago these happened; nil for what did not.
    package var sinceLastStream: Duration?
    package var sinceLastMessageSent: Duration?
    package var sinceLastMessageReceived: Duration?
    /// The connection's window that the client has granted and that is unused, in bytes.
    package var sendWindowBytes: Int
    /// The connection's window that the server has granted and that is unused, in bytes.
    package var receiveWindowBytes: Int
    /// Options of the socket, by the names that the system has for them.
    package var options: [SocketOptionValue]
}

/// An option of a socket.
package struct SocketOptionValue: Sendable {
    package var name: String
    package var value: Int
}

extension ConnectionFacts {
    init(_ connection: ServerConnection, id: UInt64, channel: (any Channel)?, remoteAddress: SocketAddress?) {
        let statistics = connection.statistics
        let now = MonotonicInstant.now
        self.id = id
        localAddress = channel?.localAddress
        self.remoteAddress = remoteAddress
        streamsStarted = statistics.streamsStarted
        streamsSucceeded = statistics.streamsSucceeded
        streamsFailed = statistics.streamsFailed
        messagesSent = statistics.messagesSent
        messagesReceived = statistics.messagesReceived
        sinceLastStream = now.duration(since: statistics.lastStreamAt)
        sinceLastMessageSent = now.duration(since: statistics.lastMessageSentAt)
        sinceLastMessageReceived = now.duration(since: statistics.lastMessageReceivedAt)
        sendWindowBytes = connection.session.flow.window.bytes
        receiveWindowBytes = connection.session.libraryReceiveWindow().openBytes
        options = channel.map(Self.options) ?? []
    }

    /// A system call each; an option that the system does not know is left out.
    private static func options(of channel: any Channel) -> [SocketOptionValue] {
        let wanted: [(String, ChannelOptions.Types.SocketOption)] = [
            ("TCP_NODELAY", .init(level: .tcp, name: .tcp_nodelay)),
            ("TCP_NOTSENT_LOWAT", .init(level: .tcp, name: .init(rawValue: ServerTransport.tcpNotSentLowWatermark))),
            ("TCP_USER_TIMEOUT", .init(level: .tcp, name: .init(rawValue: ServerTransport.tcpUserTimeout))),
            ("SO_SNDBUF", .init(level: .socket, name: .so_sndbuf)),
            ("SO_RCVBUF", .init(level: .socket, name: .so_rcvbuf)),
        ]
        return wanted.compactMap { name, option in
            guard let value = try? channel.syncOptions?.getOption(option) else { return nil }
            return SocketOptionValue(name: name, value: Int(value))
        }
    }
}

extension MonotonicInstant {
    func duration(since earlier: MonotonicInstant?) -> Duration? {
        earlier.map { .nanoseconds(max(0, nanoseconds(since: $0))) }
    }
}
