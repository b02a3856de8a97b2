// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirRPC
import WeirServer
import WeirTesting

/// Responses that are larger than somebody takes.
@Suite("Limits on what a server sends")
struct ResponseLimitTests {
    private func run(
        _ service: ReplyService, _ method: MethodDescriptor = ReplyService.ask, headerListBytes: Int? = nil,
        configure: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> RawPeer.Response {
        var configuration = ServerConfiguration()
        configure(&configuration)
        let simulation = try Simulation(configuration: configuration, services: [service])
        let client = simulation.connect(
            FrameClient([ReplyService.call(method), RawRequest.call("Nothing")], headerListBytes: headerListBytes))
        try simulation.run(for: .seconds(1))
        // The connection goes on, whatever was too large.
        #expect(client.peer[3].statusCode == .unimplemented)
        #expect(client.peer.count(.goAway) == 0)
        #expect(simulation.server.snapshot.handlers == 0)
        #expect(try simulation.shutDown())
        return client.peer[1]
    }

    /// What the fields of OK with one entry named `x` of no bytes count (RFC 9113 §6.5.2).
    private static let smallestTrailers = 11 + 1 + 32 + 1 + 32

    @Test(
        "RFC 9113 §6.5.2: trailers at the client's limit are sent, larger ones are RESOURCE_EXHAUSTED",
        arguments: [0, 1])
    func trailers(excess: Int) throws {
        var service = ReplyService()
        service.ask = { context in
            context.setTrailingMetadata(try .filled(1_000 + excess))
            return ReplyService.Message()
        }
        let response = try run(service, headerListBytes: Self.smallestTrailers + 1_000)
        #expect(response.statusCode == (excess == 0 ? .ok : .resourceExhausted))
        #expect((response.sections.last?["x"] != nil) == (excess == 0))
        #expect(response.message?.contains("1077 bytes") != (excess == 0))
        #expect((response.sections.last?["grpc-status-details-bin"] != nil) == (excess == 1))
    }

    @Test("RFC 9113 §6.5.2: a failure whose details are too large keeps its code and its text")
    func failure() throws {
        var service = ReplyService()
        service.ask = { _ in throw RPCError(.notFound, "no such thing", metadata: try .filled(2_000)) }
        let response = try run(service, headerListBytes: 1_000)
        #expect(response.order == "H")
        #expect(response.statusCode == .notFound)
        #expect(response.message == "no such thing")
        #expect(response.sections.last?["x"] == nil)
    }

    @Test("RFC 9113 §6.5.2: a client that takes next to nothing is told the code")
    func tinyLimit() throws {
        var service = ReplyService()
        service.watch = { stream, _ in
            try await stream.send(ReplyService.Message())
            throw RPCError(.dataLoss, String(repeating: "text ", count: 100))
        }
        let response = try run(service, ReplyService.watch, headerListBytes: 50)
        #expect(response.order == "HDH")
        #expect(response.sections.last == ["grpc-status": "15"])
    }

    @Test("HTTP/2 library: trailers that no client limits are sent up to 64 KiB", arguments: [40_000, 70_000])
    func ownLimit(bytes: Int) throws {
        var service = ReplyService()
        service.ask = { context in
            context.setTrailingMetadata(try .filled(bytes))
            return ReplyService.Message()
        }
        let response = try run(service)
        #expect(response.statusCode == (bytes < 65_536 ? .ok : .resourceExhausted))
    }

    @Test("RFC 9113 §6.5.2: header fields of a response that are too large end its call, and its handler is told")
    func headers() throws {
        var service = ReplyService()
        service.watch = { stream, context in
            try await context.setResponseMetadata(try .filled(2_000))
            do {
                try await stream.send(ReplyService.Message())
            } catch let error as RPCError {
                // Not what the client is told: the call is over.
                throw RPCError(error.code == .resourceExhausted ? .aborted : .unknown, "caught")
            }
        }
        let response = try run(service, ReplyService.watch, headerListBytes: 1_000)
        #expect(response.order == "H")
        #expect(response.statusCode == .resourceExhausted)
        #expect(response.message?.contains("metadata") == true)
        let allowed = try run(service, ReplyService.watch, headerListBytes: 3_000)
        #expect(allowed.order == "HDH")
        #expect(allowed.statusCode == .ok)
    }

    @Test(
        "statuscodes.md: a message at the limit is sent, a larger one is RESOURCE_EXHAUSTED, for a method or a service",
        arguments: [
            (97, "/test.Replies/Ask"), (98, "/test.Replies/Ask"), (97, "test.Replies"), (98, "test.Replies"), (98, ""),
        ])
    func message(bytes: Int, name: String) throws {
        var service = ReplyService()
        service.ask = { _ in
            var message = ReplyService.Message()
            // Two bytes of tag and length, where the length fits in seven bits.
            message.body.writeRepeatingByte(1, count: bytes)
            return message
        }
        let response = try run(service) { configuration in
            var settings = ServerConfiguration.MethodSettings()
            settings.maximumResponseBytes = 99
            if name.isEmpty {
                configuration.maximumResponseBytes = 99
            } else {
                configuration.overrides[name] = settings
            }
        }
        #expect(response.statusCode == (bytes == 97 ? .ok : .resourceExhausted))
        #expect(response.messages.sizes == (bytes == 97 ? [99] : []))
        #expect(bytes == 97 || response.message?.contains("100 bytes") == true)
        #expect(bytes == 97 || response.message?.contains("99 bytes") == true)
    }

    @Test("a message over the limit that is offered without waiting is refused, and the stream lives")
    func offered() throws {
        var service = ReplyService()
        service.watch = { stream, _ in
            var message = ReplyService.Message()
            message.body.writeRepeatingByte(1, count: 200)
            guard case .refused(.tooLarge) = stream.trySend(message) else { throw RPCError(.unknown, "it was taken") }
            try await stream.send(ReplyService.Message())
        }
        let response = try run(service, ReplyService.watch) { $0.maximumResponseBytes = 100 }
        #expect(response.statusCode == .ok)
        #expect(response.messages.sizes == [0])
    }

    @Test("limits of nothing, or less, are no limits")
    func problem() {
        var configuration = ServerConfiguration()
        configuration.maximumResponseBytes = -1
        #expect(configuration.problem?.contains("maximumResponseBytes") == true)
        configuration.maximumResponseBytes = 0
        #expect(configuration.problem?.contains("maximumResponseBytes") == true)
        configuration.maximumResponseBytes = 1
        #expect(configuration.problem == nil)
        var settings = ServerConfiguration.MethodSettings()
        settings.maximumResponseBytes = -1
        configuration.overrides["a"] = settings
        #expect(configuration.problem?.contains("maximumResponseBytes") == true)
    }
}
