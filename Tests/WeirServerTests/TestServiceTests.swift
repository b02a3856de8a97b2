// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirTesting

@Suite("The service of the interoperability cases")
struct TestServiceTests {
    private typealias Method = Grpc_Testing_TestService.Method
    private typealias Output = Grpc_Testing_StreamingOutputCallResponse

    private let clock: VirtualClock
    private let service: TestService<VirtualClock>

    init() {
        clock = VirtualClock()
        service = TestService(clock: clock)
    }

    private func ask(
        _ sizes: [Int32], intervalMicroseconds: Int32 = 0, code: Int32 = 0
    ) -> Grpc_Testing_StreamingOutputCallRequest {
        var request = Grpc_Testing_StreamingOutputCallRequest()
        request.responseParameters = sizes.map { size in
            var parameters = Grpc_Testing_ResponseParameters()
            parameters.size = size
            parameters.intervalUs = intervalMicroseconds
            return parameters
        }
        if code != 0 {
            var status = Grpc_Testing_EchoStatus()
            status.code = code
            status.message = "as asked"
            request.responseStatus = status
        }
        return request
    }

    private func run(
        _ method: MethodDescriptor, _ requests: [Grpc_Testing_StreamingOutputCallRequest], for duration: Duration
    ) throws -> RawPeer.Response {
        try run(ClientCall(method), try requests.map { Array(try $0.serialized().readableBytesView) }, for: duration)
    }

    private func run(
        _ call: ClientCall, _ messages: [[UInt8]], for duration: Duration = .seconds(1)
    ) throws -> RawPeer.Response {
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(UploadClient(call, messages: messages))
        try simulation.run(for: duration)
        let response = client.response
        #expect(try simulation.shutDown())
        return response
    }

    private func sizes(_ response: RawPeer.Response) throws -> [Int] {
        try response.messages(of: Output.self).map { $0.payload?.body.readableBytes ?? -1 }
    }

    @Test("FullDuplexCall answers each request when it comes, after the time that it names")
    func fullDuplex() throws {
        let requests = [ask([1, 2], intervalMicroseconds: 1_000_000), ask([]), ask([70_000])]
        let early = try run(Method.FullDuplexCall.descriptor, requests, for: .seconds(1.5))
        #expect(try sizes(early) == [1])
        let response = try run(Method.FullDuplexCall.descriptor, requests, for: .seconds(5))
        #expect(try sizes(response) == [1, 2, 70_000])
        #expect(response.statusCode == .ok)
    }

    @Test("HalfDuplexCall answers once the client has ended its side, and keeps no more than it may in mind")
    func halfDuplex() throws {
        let method = Method.HalfDuplexCall.descriptor
        let response = try run(method, [ask([1, 2]), ask([3])], for: .seconds(1))
        #expect(try sizes(response) == [1, 2, 3])
        #expect(response.statusCode == .ok)
        let most = TestService<VirtualClock>.maximumPendingResponses
        let many = [ask([Int32](repeating: 0, count: most)), ask([0])]
        let refused = try run(method, many, for: .seconds(1))
        #expect(refused.statusCode == .resourceExhausted)
        #expect(try sizes(refused) == [])
        #expect(try sizes(run(method, Array(many.prefix(1)), for: .seconds(1))).count == most)
    }

    @Test(
        "a request may name the status to end with; one that is no code of gRPC becomes UNKNOWN",
        arguments: [5, 99, -1])
    func status(code: Int32) throws {
        let response = try run(
            Method.FullDuplexCall.descriptor, [ask([4]), ask([], code: code), ask([5])], for: .seconds(1))
        #expect(try sizes(response) == [4])
        #expect(response.statusCode == (code == 5 ? .notFound : .unknown))
        #expect(response.message == "as asked")
    }

    @Test("sizes that no payload has are refused", arguments: [-1, .min, .max] as [Int32])
    func size(bytes: Int32) throws {
        let response = try run(Method.FullDuplexCall.descriptor, [ask([bytes])], for: .seconds(1))
        #expect(response.statusCode == .invalidArgument)
    }

    @Test("a type that no payload has is refused, before and after the client's end")
    func type() throws {
        var request = ask([1])
        request.responseType = .UNRECOGNIZED(9)
        for method in [Method.FullDuplexCall.descriptor, Method.HalfDuplexCall.descriptor] {
            let response = try run(method, [request], for: .seconds(1))
            #expect(response.statusCode == .invalidArgument)
            #expect(try sizes(response) == [])
        }
    }

    @Test(
        "what a client asks to see again comes back at both ends, also when the call fails",
        arguments: [0, 5] as [Int32])
    func echo(code: Int32) throws {
        var call = ClientCall(Method.UnaryCall.descriptor)
        call.fields = [("x-grpc-test-echo-initial", "first"), ("x-grpc-test-echo-trailing-bin", "q6ur")]
        var request = Grpc_Testing_SimpleRequest()
        request.responseStatus = Grpc_Testing_EchoStatus()
        request.responseStatus?.code = code
        let response = try run(call, [Array(try request.serialized().readableBytesView)])
        #expect(response.statusCode?.rawValue == Int(code))
        #expect(response.sections.count == 2)
        #expect(response.sections.first?["x-grpc-test-echo-initial"] == "first")
        #expect(response.sections.last?["x-grpc-test-echo-trailing-bin"] == "q6ur")
        #expect(response.sections.last?["x-grpc-test-echo-initial"] == nil)
    }

    @Test("a cacheable answer says so, and is not the same the next time")
    func cacheable() throws {
        var bodies: [ByteBuffer] = []
        for _ in 0..<2 {
            let simulation = try Simulation(clock: clock, services: [service])
            let client = simulation.connect(
                UploadClient(ClientCall(Method.CacheableUnaryCall.descriptor), messages: [[]]))
            try simulation.run(for: .seconds(1))
            let response = client.response
            #expect(try simulation.shutDown())
            #expect(response.sections.first?["cache-control"] == "max-age=60, public")
            bodies += try response.messages(of: Grpc_Testing_SimpleResponse.self).compactMap { $0.payload?.body }
        }
        #expect(bodies.count == 2 && bodies.first != bodies.last && bodies.allSatisfy { $0.readableBytes > 0 })
    }
}
