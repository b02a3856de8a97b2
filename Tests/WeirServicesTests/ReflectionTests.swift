// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirServices
import WeirTesting

@Suite("Reflection")
struct ReflectionTests {
    private typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    private typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    private static let paths = [
        Grpc_Reflection_V1_ServerReflection.Method.ServerReflectionInfo.descriptor.path,
        Grpc_Reflection_V1alpha_ServerReflection.Method.ServerReflectionInfo.descriptor.path,
    ]

    private func answers(
        _ asked: [Request.OneOf_MessageRequest], path: String = Self.paths[0], services: [any Service] = []
    ) throws -> [Response] {
        let clock = VirtualClock()
        let services: [any Service] = [TestService(clock: clock), ReflectionService()] + services
        let simulation = try Simulation(clock: clock, services: services)
        let messages = try asked.map { question in
            var request = Request()
            request.host = "here"
            request.messageRequest = question
            return Array(try request.serialized().readableBytesView)
        }
        let client = simulation.connect(UploadClient(ClientCall(path: path), messages: messages))
        try simulation.run(for: .seconds(1))
        #expect(client.response.statusCode == .ok)
        let responses = try client.response.messages(of: Response.self)
        #expect(responses.map(\.originalRequest?.messageRequest) == asked)
        #expect(responses.allSatisfy { $0.validHost == "here" })
        #expect(try simulation.shutDown())
        return responses
    }

    /// The names of the files of each answer; nil for one that has none.
    private func files(_ responses: [Response]) throws -> [[String]?] {
        try responses.map { response in
            guard case .fileDescriptorResponse(let answer)? = response.messageResponse else { return nil }
            return try answer.fileDescriptorProto.map { try Weir_Reflection_V1_FileOutline(serialized: $0).name }
        }
    }

    private func errorCode(_ response: Response) -> Int32? {
        guard case .errorResponse(let error)? = response.messageResponse else { return nil }
        return error.errorCode
    }

    @Test("lists the services, in both versions", arguments: paths)
    func list(path: String) throws {
        let response = try #require(try answers([.listServices("")], path: path).first)
        guard case .listServicesResponse(let list)? = response.messageResponse else {
            Issue.record("no list: \(response)")
            return
        }
        #expect(
            list.service.map(\.name) == [
                "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
                "grpc.testing.TestService",
            ])
    }

    @Test(
        "finds the file of a symbol of any kind",
        arguments: [
            ("grpc.testing.TestService", "test"), ("grpc.testing.TestService.UnaryCall", "test"),
            (".grpc.testing.SimpleRequest", "messages"), ("grpc.testing.SimpleRequest.response_size", "messages"),
            ("grpc.testing.TestOrcaReport.RequestCostEntry", "messages"), ("grpc.testing.PayloadType", "messages"),
            ("grpc.testing.COMPRESSABLE", "messages"), ("grpc.testing.Empty", "empty"),
        ])
    func symbols(symbol: String, file: String) throws {
        let found = try files(try answers([.fileContainingSymbol(symbol)]))
        #expect(found.first??.first == "grpc/testing/\(file).proto")
    }

    @Test("a oneof, and the value of an enum that lies in a message")
    func nestedSymbols() throws {
        let symbols = [
            "grpc.reflection.v1.ServerReflectionRequest.message_request",
            "grpc.reflection.v1alpha.ServerReflectionResponse.error_response",
        ]
        let found = try files(try answers(symbols.map { .fileContainingSymbol($0) }))
        #expect(found.map { $0?.first?.hasPrefix("grpc/reflection/v1") } == [true, true])
        let values = try answers(
            [.fileContainingSymbol("grpc.health.v1.HealthCheckResponse.SERVING")], services: [HealthService()])
        #expect(try files(values) == [["grpc/health/v1/health.proto"]])
    }

    @Test("what a file needs is sent with it, and once on a stream")
    func dependencies() throws {
        let found = try files(
            try answers([
                .fileByFilename("grpc/testing/test.proto"), .fileByFilename("grpc/testing/test.proto"),
                .fileByFilename("grpc/testing/empty.proto"),
            ]))
        #expect(
            found == [
                ["grpc/testing/test.proto", "grpc/testing/empty.proto", "grpc/testing/messages.proto"],
                ["grpc/testing/test.proto"], ["grpc/testing/empty.proto"],
            ])
    }

    @Test("files of well-known types are there although nothing was generated for them")
    func wellKnown() throws {
        let names = ["any", "duration", "timestamp", "wrappers"].map { "google/protobuf/\($0).proto" }
        let found = try files(
            try answers(
                names.map { .fileByFilename($0) } + [.fileByFilename("grpc/channelz/v1/channelz.proto")],
                services: [ChannelzService()]))
        #expect(found == names.map { [$0] } + [["grpc/channelz/v1/channelz.proto"]])
    }

    @Test("what is not there is NOT_FOUND in the answer, and the stream goes on")
    func notFound() throws {
        var wanted = Grpc_Reflection_V1_ExtensionRequest()
        wanted.containingType = "grpc.testing.Empty"
        wanted.extensionNumber = 7
        let responses = try answers([
            .fileByFilename("no.proto"), .fileContainingSymbol("no.Symbol"), .fileContainingExtension(wanted),
            .allExtensionNumbersOfType("no.Message"), .allExtensionNumbersOfType("grpc.testing.Empty"),
        ])
        #expect(responses.map(errorCode) == [5, 5, 5, 5, nil])
        guard case .allExtensionNumbersResponse(let none)? = responses.last?.messageResponse else {
            Issue.record("no numbers: \(responses)")
            return
        }
        #expect(none.baseTypeName == "grpc.testing.Empty" && none.extensionNumber == [])
    }

    @Test("extensions are found by number, on the outermost level and inside a message")
    func extensions() throws {
        var wanted = Grpc_Reflection_V1_ExtensionRequest()
        wanted.containingType = "old.Base"
        wanted.extensionNumber = 101
        let responses = try answers(
            [
                .fileContainingExtension(wanted), .allExtensionNumbersOfType("old.Base"),
                .fileContainingSymbol("old.Holder.inner"),
            ], services: [OldService()])
        #expect(try files(responses) == [["old.proto"], nil, ["old.proto"]])
        guard case .allExtensionNumbersResponse(let numbers)? = responses[1].messageResponse else {
            Issue.record("no numbers: \(responses)")
            return
        }
        #expect(numbers.extensionNumber == [101, 102])
    }

    @Test("a request that asks for nothing ends the stream")
    func empty() throws {
        let simulation = try Simulation(services: [ReflectionService()])
        let client = simulation.connect(UploadClient(ClientCall(path: Self.paths[0]), messages: [[]]))
        try simulation.run(for: .seconds(1))
        #expect(client.response.statusCode == .invalidArgument)
        #expect(try simulation.shutDown())
    }

    @Test("a stream that is left open ends when the server drains")
    func drain() throws {
        let simulation = try Simulation(services: [ReflectionService()])
        let client = simulation.connect(
            UploadClient(ClientCall(path: Self.paths[1]), messages: [], halfCloseDelay: nil))
        try simulation.run(for: .seconds(1))
        #expect(client.response.statusCode == nil)
        simulation.drain()
        try simulation.run(for: .seconds(1))
        #expect(client.response.statusCode == .unavailable)
        #expect(try simulation.shutDown())
    }
}

/// A service whose file has extensions, which no generator of Weir's makes.
private struct OldService: Service {
    func register(with router: inout Router) {}

    static var fileDescriptors: [ProtobufFileDescriptor] {
        var outline = Weir_Reflection_V1_FileOutline()
        outline.name = "old.proto"
        outline.package = "old"
        outline.messageType = [message("Base"), message("Holder", [field("inner", 102)])]
        outline.extension = [field("outer", 101)]
        guard let serialized = try? outline.serialized() else { return [] }
        return [ProtobufFileDescriptor(name: "old.proto", dependencies: [], serialized: serialized)]
    }

    private static func message(
        _ name: String, _ extensions: [Weir_Reflection_V1_FieldOutline] = []
    ) -> Weir_Reflection_V1_MessageOutline {
        var message = Weir_Reflection_V1_MessageOutline()
        message.name = name
        message.extension = extensions
        return message
    }

    private static func field(_ name: String, _ number: Int32) -> Weir_Reflection_V1_FieldOutline {
        var field = Weir_Reflection_V1_FieldOutline()
        field.name = name
        field.number = number
        field.extendee = ".old.Base"
        return field
    }
}
