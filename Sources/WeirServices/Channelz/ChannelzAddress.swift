// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
internal import WeirTransport

/// Addresses and sockets, as channelz has them.
enum ChannelzAddress {
    static func ref(_ id: UInt64, _ address: SocketAddress?) -> Grpc_Channelz_V1_SocketRef {
        var ref = Grpc_Channelz_V1_SocketRef()
        ref.socketID = Int64(clamping: id)
        ref.name = address.map(text) ?? ""
        return ref
    }

    /// The address as people write it, such as `127.0.0.1:50051`.
    static func text(of address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return address.pathname ?? "" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    static func message(of address: SocketAddress) -> Grpc_Channelz_V1_Address? {
        var message = Grpc_Channelz_V1_Address()
        switch address {
        case .v4, .v6:
            var tcp = Grpc_Channelz_V1_Address.TcpIpAddress()
            tcp.ipAddress = bytes(of: address)
            tcp.port = Int32(clamping: address.port ?? 0)
            message.address = .tcpipAddress(tcp)
        case .unixDomainSocket:
            var path = Grpc_Channelz_V1_Address.UdsAddress()
            path.filename = address.pathname ?? ""
            message.address = .udsAddress(path)
        }
        return message
    }

    /// 4 or 16 bytes in network order, from where `sockaddr_in` and `sockaddr_in6` have them.
    private static func bytes(of address: SocketAddress) -> ByteBuffer {
        var buffer = ByteBuffer()
        let place =
            switch address {
            case .v4: 4..<8
            case .v6: 8..<24
            case .unixDomainSocket: 0..<0
            }
        unsafe address.withSockAddr { pointer, count in
            // The address is as long as its family says; a shorter one would be NIO's fault and gives no bytes.
            guard count >= place.upperBound else { return }
            let raw = unsafe UnsafeRawBufferPointer(start: pointer, count: count)
            _ = unsafe buffer.writeBytes(raw[place])
        }
        return buffer
    }
}

extension Grpc_Channelz_V1_Socket {
    /// A connection of a server.
    init(_ facts: ConnectionFacts, _ wallClock: WallClock) {
        self.init()
        ref = ChannelzAddress.ref(facts.id, facts.remoteAddress)
        local = facts.localAddress.flatMap(ChannelzAddress.message)
        remote = facts.remoteAddress.flatMap(ChannelzAddress.message)
        var data = Grpc_Channelz_V1_SocketData()
        data.streamsStarted = Int64(clamping: facts.streamsStarted)
        data.streamsSucceeded = Int64(clamping: facts.streamsSucceeded)
        data.streamsFailed = Int64(clamping: facts.streamsFailed)
        data.messagesSent = Int64(clamping: facts.messagesSent)
        data.messagesReceived = Int64(clamping: facts.messagesReceived)
        data.lastRemoteStreamCreatedTimestamp = wallClock.time(ago: facts.sinceLastStream)
        data.lastMessageSentTimestamp = wallClock.time(ago: facts.sinceLastMessageSent)
        data.lastMessageReceivedTimestamp = wallClock.time(ago: facts.sinceLastMessageReceived)
        data.localFlowControlWindow = Google_Protobuf_Int64Value(value: Int64(facts.sendWindowBytes))
        data.remoteFlowControlWindow = Google_Protobuf_Int64Value(value: Int64(facts.receiveWindowBytes))
        data.option = facts.options.map { option in
            var message = Grpc_Channelz_V1_SocketOption()
            message.name = option.name
            message.value = "\(option.value)"
            return message
        }
        self.data = data
    }
}
