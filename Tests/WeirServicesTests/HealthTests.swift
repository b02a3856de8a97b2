// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirServices
import WeirTesting

@Suite("Health")
struct HealthTests {
    private typealias Method = Grpc_Health_V1_Health.Method
    private typealias Response = Grpc_Health_V1_HealthCheckResponse

    private func request(_ service: String) -> Grpc_Health_V1_HealthCheckRequest {
        var request = Grpc_Health_V1_HealthCheckRequest()
        request.service = service
        return request
    }

    private func watch(_ service: String) throws -> ClientCall {
        try ClientCall(Method.Watch.descriptor, request(service))
    }

    private func statuses(_ client: SimulatedClient) throws -> [Response.ServingStatus] {
        try client.response.messages(of: Response.self).map(\.status)
    }

    private func check(_ service: String, on simulation: Simulation) throws -> RawPeer.Response {
        let client = simulation.connect(SteadyClient(try ClientCall(Method.Check.descriptor, request(service))))
        try simulation.run(for: .milliseconds(100))
        return client.response
    }

    @Test("Check knows the server and its services, and answers NOT_FOUND for others")
    func check() throws {
        let health = HealthService()
        health.setStatus(.unknown, for: "later.Service")
        let simulation = try Simulation(services: [health])
        for (service, status) in [
            ("", Response.ServingStatus.serving), ("grpc.health.v1.Health", .serving), ("later.Service", .unknown),
        ] {
            let response = try check(service, on: simulation)
            #expect(try response.messages(of: Response.self).map(\.status) == [status])
            #expect(response.statusCode == .ok)
        }
        #expect(try check("no.Service", on: simulation).statusCode == .notFound)
        health.clearStatus(for: "later.Service")
        #expect(try check("later.Service", on: simulation).statusCode == .notFound)
        #expect(try simulation.shutDown())
    }

    @Test("List names everything that is known, and refuses when that is too much")
    func list() throws {
        let health = HealthService()
        health.setStatus(.notServing, for: "a")
        let simulation = try Simulation(services: [health])
        let call = try ClientCall(Method.List.descriptor, Grpc_Health_V1_HealthListRequest())
        let client = simulation.connect(SteadyClient(call))
        try simulation.run(for: .milliseconds(100))
        let answer = try #require(try client.response.messages(of: Grpc_Health_V1_HealthListResponse.self).first)
        #expect(
            answer.statuses.mapValues(\.status) == ["": .serving, "a": .notServing, "grpc.health.v1.Health": .serving])
        for number in 3..<HealthService.maximumListed { health.setStatus(.serving, for: "service \(number)") }
        let atLimit = simulation.connect(SteadyClient(call))
        try simulation.run(for: .milliseconds(100))
        #expect(atLimit.response.statusCode == .ok)
        health.setStatus(.serving, for: "one more")
        let beyond = simulation.connect(SteadyClient(call))
        try simulation.run(for: .milliseconds(100))
        #expect(beyond.response.statusCode == .resourceExhausted)
        #expect(try simulation.shutDown())
    }

    @Test("Watch tells each change, of an unknown service too, and none that is none")
    func changes() throws {
        let health = HealthService()
        let simulation = try Simulation(services: [health])
        let client = simulation.connect(SteadyClient(try watch("x")))
        try simulation.run(for: .milliseconds(100))
        #expect(try statuses(client) == [.serviceUnknown])
        for status in [HealthStatus.serving, .serving, .notServing] {
            simulation.schedule(after: .zero) { health.setStatus(status, for: "x") }
            try simulation.run(for: .milliseconds(100))
        }
        simulation.schedule(after: .zero) {
            health.setStatus(.serving, for: "y")
            health.clearStatus(for: "x")
        }
        try simulation.run(for: .milliseconds(100))
        #expect(try statuses(client) == [.serviceUnknown, .serving, .notServing, .serviceUnknown])
        #expect(client.response.statusCode == nil)
        #expect(try simulation.shutDown())
    }

    @Test("a client that does not read gets the newest status only, and holds one slot")
    func conflation() throws {
        let health = HealthService()
        let simulation = try Simulation(services: [health])
        // Each response is 7 bytes: the window has room for the first one.
        let client = simulation.connect(
            try ScriptClient(
                Method.Watch.descriptor, request("x"), windowBytes: 7,
                then: [.send(after: .seconds(5), [.windowUpdate(65_535, stream: 1)]), .close(after: .seconds(7))]))
        try simulation.run(for: .seconds(1))
        #expect(try statuses(client) == [.serviceUnknown])
        for number in 0..<1001 {
            health.setStatus(number % 2 == 0 ? .notServing : .serving, for: "x")
            if number % 100 == 0 { try simulation.run(for: .milliseconds(1)) }
        }
        #expect(simulation.server.snapshot.heldBytes == 0)
        try simulation.run(for: .seconds(3))
        #expect(try statuses(client) == [.serviceUnknown])
        try simulation.run(for: .seconds(2))
        #expect(try statuses(client) == [.serviceUnknown, .notServing])
        #expect(health.watchCount == 1)
        try simulation.run(for: .seconds(2))
        #expect(health.watchCount == 0)
        #expect(try simulation.shutDown())
    }

    @Test("watches are bounded, and a place becomes free when one ends")
    func bound() throws {
        let health = HealthService(maximumWatches: 2)
        let simulation = try Simulation(services: [health])
        let first = simulation.connect(
            try ScriptClient(Method.Watch.descriptor, request(""), then: [.close(after: .milliseconds(250))]))
        let second = simulation.connect(SteadyClient(try watch("x")))
        try simulation.run(for: .milliseconds(100))
        let third = simulation.connect(SteadyClient(try watch("")))
        try simulation.run(for: .milliseconds(100))
        #expect(third.response.statusCode == .resourceExhausted)
        #expect(first.response.statusCode == nil && second.response.statusCode == nil)
        try simulation.run(for: .milliseconds(100))
        let fourth = simulation.connect(SteadyClient(try watch("")))
        try simulation.run(for: .milliseconds(100))
        #expect(try statuses(fourth) == [.serving])
        #expect(health.watchCount == 2)
        #expect(try simulation.shutDown())
    }

    @Test("a name that is too long to be kept is refused")
    func longName() throws {
        let simulation = try Simulation(services: [HealthService()])
        let most = HealthService.maximumNameBytes
        let clients = try [most, most + 1].map { count in
            simulation.connect(SteadyClient(try watch(String(repeating: "n", count: count))))
        }
        try simulation.run(for: .milliseconds(100))
        #expect(try statuses(clients[0]) == [.serviceUnknown])
        #expect(clients[1].response.statusCode == .invalidArgument)
        #expect(try simulation.shutDown())
    }

    @Test("the drain tells watchers before GOAWAY, and ends their streams at once, blocked ones too")
    func drain() throws {
        let health = HealthService()
        let simulation = try Simulation(services: [health])
        let reader = simulation.connect(SteadyClient(try watch("")))
        let blocked = simulation.connect(
            try ScriptClient(Method.Watch.descriptor, request(""), windowBytes: 7))
        try simulation.run(for: .seconds(1))
        #expect(try statuses(reader) == [.serving] && statuses(blocked) == [.serving])
        simulation.drain()
        try simulation.run(for: .seconds(1))
        #expect(try statuses(reader) == [.serving, .notServing])
        #expect(reader.response.statusCode == .unavailable)
        #expect(blocked.response.statusCode == .unavailable)
        // The status comes in front of the last GOAWAY.
        let kinds = reader.peer.frames.map(\.kind)
        let data = try #require(kinds.lastIndex(of: .data))
        let goAway = try #require(kinds.lastIndex(of: .goAway))
        #expect(data < goAway)
        health.setStatus(.serving)
        #expect(health.status() == .notServing)
        #expect(health.watchCount == 0)
        #expect(try simulation.shutDown())
    }
}
