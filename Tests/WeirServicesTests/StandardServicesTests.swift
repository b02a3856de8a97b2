// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirServices
import WeirTesting

@Suite("The standard services together")
struct StandardServicesTests {
    private func names(_ services: [any Service]) throws -> [String] {
        let simulation = try Simulation(services: services)
        let client = simulation.connect(
            SteadyClient(
                try ClientCall(
                    Grpc_Health_V1_Health.Method.List.descriptor, Grpc_Health_V1_HealthListRequest())))
        try simulation.run(for: .seconds(1))
        let answers = try client.response.messages(of: Grpc_Health_V1_HealthListResponse.self)
        #expect(try simulation.shutDown())
        return answers.flatMap(\.statuses.keys).sorted()
    }

    @Test("one expression adds all of them to one's own")
    func all() throws {
        #expect(
            try names([TestService(clock: VirtualClock())] + .standard) == [
                "", "grpc.channelz.v1.Channelz", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection", "grpc.testing.TestService",
                "xds.service.orca.v3.OpenRcaService",
            ])
    }

    @Test("what tells outsiders about the inside can be left out")
    func fewer() throws {
        let standard = StandardServices(reflection: false, channelz: false, load: nil)
        #expect(try names(standard.all) == ["", "grpc.health.v1.Health"])
    }
}
