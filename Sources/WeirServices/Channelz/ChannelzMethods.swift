// SPDX-License-Identifier: Apache-2.0

internal import WeirProtobuf
internal import WeirRPC
internal import WeirServer
internal import WeirTransport

/// The methods of `grpc.channelz.v1.Channelz`.
struct ChannelzMethods: Grpc_Channelz_V1_Channelz.ServiceProtocol {
    let index: ChannelzIndex
    let wallClock: WallClock

    // MARK: - Clients: none

    func getTopChannels(
        _ request: Grpc_Channelz_V1_GetTopChannelsRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetTopChannelsResponse {
        var response = Grpc_Channelz_V1_GetTopChannelsResponse()
        response.end = true
        return response
    }

    func getChannel(
        _ request: Grpc_Channelz_V1_GetChannelRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetChannelResponse {
        throw Self.notFound("channel", request.channelID)
    }

    func getSubchannel(
        _ request: Grpc_Channelz_V1_GetSubchannelRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetSubchannelResponse {
        throw Self.notFound("subchannel", request.subchannelID)
    }

    // MARK: - Servers

    func getServers(
        _ request: Grpc_Channelz_V1_GetServersRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetServersResponse {
        let (start, limit) = try Self.page(from: request.startServerID, request.maxResults)
        let servers = index.servers.filter { $0.id >= start }
        var response = Grpc_Channelz_V1_GetServersResponse()
        for entry in servers.prefix(limit) { response.server.append(await message(of: entry)) }
        response.end = servers.count <= limit
        return response
    }

    func getServer(
        _ request: Grpc_Channelz_V1_GetServerRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetServerResponse {
        guard let entry = index.server(request.serverID) else { throw Self.notFound("server", request.serverID) }
        var response = Grpc_Channelz_V1_GetServerResponse()
        response.server = await message(of: entry)
        return response
    }

    private func message(of entry: ChannelzIndex.Entry) async -> Grpc_Channelz_V1_Server {
        let source = entry.server.source
        var server = Grpc_Channelz_V1_Server()
        var ref = Grpc_Channelz_V1_ServerRef()
        ref.serverID = Int64(clamping: entry.id)
        var data = Grpc_Channelz_V1_ServerData()
        if let source {
            ref.name = source.localAddress.map { "\(ChannelzAddress.text(of: $0))" } ?? ""
            server.listenSocket = [ChannelzAddress.ref(source.listenerID, source.localAddress)]
            let totals = await source.totals()
            data.callsStarted = Int64(clamping: totals.callsStarted)
            data.callsSucceeded = Int64(clamping: totals.callsSucceeded)
            data.callsFailed = Int64(clamping: totals.callsFailed)
            data.lastCallStartedTimestamp = wallClock.time(ago: totals.sinceLastCall)
        }
        server.ref = ref
        server.data = data
        return server
    }

    // MARK: - Sockets

    func getServerSockets(
        _ request: Grpc_Channelz_V1_GetServerSocketsRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetServerSocketsResponse {
        guard let entry = index.server(request.serverID) else { throw Self.notFound("server", request.serverID) }
        let (start, limit) = try Self.page(from: request.startSocketID, request.maxResults)
        let names = await entry.server.source?.connections(from: start, limit: limit + 1) ?? []
        var response = Grpc_Channelz_V1_GetServerSocketsResponse()
        response.socketRef = names.prefix(limit).map { ChannelzAddress.ref($0.id, $0.remoteAddress) }
        response.end = names.count <= limit
        return response
    }

    func getSocket(
        _ request: Grpc_Channelz_V1_GetSocketRequest, context: CallContext
    ) async throws -> Grpc_Channelz_V1_GetSocketResponse {
        guard let id = UInt64(exactly: request.socketID) else { throw Self.notFound("socket", request.socketID) }
        var response = Grpc_Channelz_V1_GetSocketResponse()
        for entry in index.servers {
            guard let source = entry.server.source else { continue }
            if source.listenerID == id {
                var socket = Grpc_Channelz_V1_Socket()
                socket.ref = ChannelzAddress.ref(id, source.localAddress)
                socket.data = Grpc_Channelz_V1_SocketData()
                socket.local = source.localAddress.flatMap(ChannelzAddress.message)
                response.socket = socket
                return response
            }
            if let facts = await source.connection(id) {
                response.socket = Grpc_Channelz_V1_Socket(facts, wallClock)
                return response
            }
        }
        throw Self.notFound("socket", request.socketID)
    }

    // MARK: - Pages

    /// The first number that is wanted and how many entries.
    private static func page(from start: Int64, _ maximum: Int64) throws(RPCError) -> (UInt64, Int) {
        guard start >= 0, maximum >= 0 else {
            throw RPCError(.invalidArgument, "neither the first number nor the number of results can be negative")
        }
        let most = ChannelzService.maximumResults
        return (UInt64(start), maximum == 0 ? most : min(most, Int(clamping: maximum)))
    }

    private static func notFound(_ what: String, _ id: Int64) -> RPCError {
        RPCError(.notFound, "there is no \(what) \(id)")
    }
}
