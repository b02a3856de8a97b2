// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

/// What a server sends (gRPC over HTTP/2, "Responses").
@Suite("Rules of gRPC responses")
struct ResponseRuleTests {
    private let clock = VirtualClock()

    private func respond(to request: RawRequest, for time: Duration = .seconds(1)) throws -> RawPeer {
        let simulation = try Simulation(clock: clock, services: [TestService(clock: clock)])
        let client = simulation.connect(FrameClient([request]))
        try simulation.run(for: time)
        #expect(try simulation.shutDown())
        return client.peer
    }

    /// A request that asks for this many payloads, and then for a status.
    private func ask(_ sizes: [Int32] = [], code: StatusCode = .ok, message: String = "") throws -> [UInt8] {
        var request = Grpc_Testing_StreamingOutputCallRequest()
        request.responseParameters = sizes.map { size in
            var parameters = Grpc_Testing_ResponseParameters()
            parameters.size = size
            return parameters
        }
        var status = Grpc_Testing_EchoStatus()
        status.code = Int32(code.rawValue)
        status.message = message
        if code != .ok { request.responseStatus = status }
        return Array(try request.serialized().readableBytesView)
    }

    @Test("PROTOCOL-HTTP2, Trailers-Only: one HEADERS frame with END_STREAM, and no field too many")
    func trailersOnly() throws {
        let peer = try respond(to: RawRequest.call("Nothing"))
        let frames = peer.frames.filter { $0.stream == 1 }
        #expect(frames.map(\.kind) == [.headers])
        #expect(frames.first?.endsStream == true)
        let names = peer[1].sections.first?.keys.sorted()
        #expect(names == [":status", "content-type", "grpc-message", "grpc-status"])
    }

    @Test("gRFC A6: a call that fails before its first message is trailers-only, so that clients may retry it")
    func failsEarly() throws {
        let peer = try respond(to: RawRequest.call("StreamingOutputCall", message: ask(code: .unavailable)))
        #expect(peer[1].order == "H")
        #expect(peer[1].statusCode == .unavailable)
    }

    @Test("PROTOCOL-HTTP2: trailers end a response, never its last DATA frame")
    func dataNeverEnds() throws {
        let peer = try respond(to: RawRequest.call("StreamingOutputCall", message: ask([0, 10, 40_000])))
        let frames = peer.frames.filter { $0.stream == 1 }
        #expect(frames.filter { $0.kind == .data }.count >= 3)
        #expect(frames.allSatisfy { !($0.kind == .data && $0.endsStream) })
        #expect(frames.last?.kind == .headers)
        #expect(frames.last?.endsStream == true)
        #expect(peer[1].messages.sizes.count == 3)
    }

    @Test(
        "PROTOCOL-HTTP2, Content-Type: the request's subtype comes back, also when there is no such method",
        arguments: [
            ("application/grpc", "application/grpc"), ("application/grpc+proto", "application/grpc+proto"),
            ("application/grpc+json; a=b", "application/grpc+json"),
        ], ["UnaryCall", "Nothing"])
    func contentType(types: (sent: String, expected: String), method: String) throws {
        let peer = try respond(to: RawRequest.call(method).with("content-type", types.sent))
        #expect(peer[1].sections.first?["content-type"] == types.expected)
    }

    @Test("PROTOCOL-HTTP2, Status-Message: percent-encoded UTF-8 with capital digits")
    func percentEncoding() throws {
        let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈 100%\t\n"
        let peer = try respond(to: RawRequest.call("StreamingOutputCall", message: ask(code: .unknown, message: text)))
        #expect(peer[1].statusCode == .unknown)
        #expect(
            peer[1].message
                == "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP %F0%9F%98%88 100%25%09%0A")
    }

    @Test(
        "PROTOCOL-HTTP2, Binary-Header: padded or not on the way in, without padding on the way out",
        arguments: [("AQ==", "AQ"), ("AQ", "AQ"), ("AQI=", "AQI"), ("/+8B", "/+8B"), ("AQ==,Ag==", "AQ"), ("", "")])
    func binaryMetadata(sent: String, expected: String) throws {
        let peer = try respond(to: RawRequest.call("EmptyCall").adding("x-grpc-test-echo-trailing-bin", sent))
        #expect(peer[1].sections.last?["x-grpc-test-echo-trailing-bin"] == expected)
        #expect(peer[1].statusCode == .ok)
    }

    @Test("PROTOCOL-HTTP2, ASCII-Value: white space at the ends is stripped")
    func trimmed() throws {
        let peer = try respond(to: RawRequest.call("EmptyCall").adding("x-grpc-test-echo-initial", " \ta b "))
        #expect(peer[1].sections.first?["x-grpc-test-echo-initial"] == "a b")
    }

    @Test("RFC 9113 §8.1: a response that ends before its request is followed by RST_STREAM(NO_ERROR), never preceded")
    func endsBeforeRequest() throws {
        let request = try RawRequest.call("FullDuplexCall", message: ask([5])).open()
        let failing = try RawRequest.prefixed(ask(code: .aborted))
        let peer = try respond(to: request.sending(frames: request.body + [.data(failing)]))
        #expect(peer[1].order == "HDHR")
        #expect(peer[1].statusCode == .aborted)
        #expect(peer[1].reset == 0)
    }

    @Test(
        "PROTOCOL-HTTP2, Timeout: a deadline ends a response that is under way with DEADLINE_EXCEEDED in its trailers")
    func deadline() throws {
        let request = try RawRequest.call("FullDuplexCall", message: ask([5])).adding("grpc-timeout", "500m").open()
        let peer = try respond(to: request)
        #expect(peer[1].order == "HDHR")
        #expect(peer[1].statusCode == .deadlineExceeded)
        #expect(peer[1].messages.sizes.count == 1)
    }

    @Test("RFC 9113 §5.1: what still comes on a stream that was answered is dropped, and its credit goes back")
    func lateData() throws {
        let simulation = try Simulation(clock: clock, services: [TestService(clock: clock)])
        let frames: [RawRequest.Body] = (0..<3).map { _ in .data([UInt8](repeating: 0, count: 16_000)) }
        let client = simulation.connect(FrameClient([RawRequest.call("Nothing").sending(frames: frames), .call()]))
        try simulation.run(for: .seconds(1))
        #expect(client.peer[1].statusCode == .unimplemented)
        Outcome.success().check(client.peer[3], isOpen: false)
        #expect(client.peer.credit[0, default: 0] >= 32_000)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
    }
}
