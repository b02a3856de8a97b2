// SPDX-License-Identifier: Apache-2.0

internal import WeirProtobuf
internal import WeirRPC
internal import WeirServer

/// The methods of `grpc.health.v1.Health`.
struct HealthMethods: Grpc_Health_V1_Health.ServiceProtocol {
    typealias Request = Grpc_Health_V1_HealthCheckRequest
    typealias Response = Grpc_Health_V1_HealthCheckResponse

    let registry: HealthRegistry

    func check(_ request: Request, context: CallContext) async throws -> Response {
        guard let status = registry.status(of: request.service) else {
            throw RPCError(.notFound, "no service of this name is known to the health service")
        }
        return status.response
    }

    func list(
        _ request: Grpc_Health_V1_HealthListRequest, context: CallContext
    ) async throws -> Grpc_Health_V1_HealthListResponse {
        let statuses = registry.statuses
        guard statuses.count <= HealthService.maximumListed else {
            throw RPCError(
                .resourceExhausted,
                "\(statuses.count) services are known, more than the \(HealthService.maximumListed) that can be listed")
        }
        var response = Grpc_Health_V1_HealthListResponse()
        response.statuses = statuses.mapValues(\.response)
        return response
    }

    func watch(_ request: Request, stream: ResponseStream<Response>, context: CallContext) async throws {
        let watcher = try registry.addWatcher(of: request.service, context: context)
        defer { registry.remove(watcher) }
        do {
            // Asks for the status only when it can be sent: a client that reads late gets the newest.
            try await stream.pull { await watcher.next() }
        } catch {
            if !registry.isDraining { throw error }
        }
        // Either that, or the client is gone.
        throw registry.isDraining ? ServiceEnd.shuttingDown : RPCError(.cancelled, "the watch was cancelled")
    }
}
