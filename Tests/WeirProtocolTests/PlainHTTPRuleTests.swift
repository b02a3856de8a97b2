// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirServer
import WeirTesting

/// What clients see that speak HTTP/2 and not gRPC.
@Suite("Rules of HTTP for clients that do not speak gRPC")
struct PlainHTTPRuleTests {
    @Test("a request that is no call gets an HTTP answer with a text, and its siblings go on", arguments: cases)
    func answered(_ rule: RuleCase) throws { try rule.run() }

    private static let cases: [RuleCase] = pages + refusals + bodies

    private static let method = RawRequest.service + "UnaryCall"
    private static let json = [("content-type", "application/json")]
    private static let pageMethods = "GET, HEAD, POST"

    private static let pages = [
        RuleCase("RFC 9110 §15.3.1: GET /", .plain("GET", "/"), .http(200, "gRPC")),
        RuleCase("RFC 9110 §9.3.2: HEAD has no body", .plain("HEAD", "/"), .httpHead(200)),
        RuleCase("RFC 9110 §15.3.1: POST / without a body", .plain("POST", "/"), .http(200)),
        RuleCase("RFC 3986 §3.4: a query leaves the path as it is", .plain("GET", "/?a=b"), .http(200)),
        RuleCase("RFC 9110 §15.3.1: GET /healthz", .plain("GET", "/healthz"), .http(200, "serving")),
        RuleCase("RFC 9110 §9.3.2: HEAD /healthz", .plain("HEAD", "/healthz"), .httpHead(200)),
    ]

    private static let refusals = [
        RuleCase("RFC 9110 §15.5.5: a path that leads nowhere", .plain("GET", "/index.html"), .http(404)),
        RuleCase("RFC 9110 §9.3.2: HEAD of a path that leads nowhere", .plain("HEAD", "/index.html"), .httpHead(404)),
        RuleCase("RFC 9110 §15.5.5: no service of that name", .plain("POST", "/no.Service/Method", json), .http(404)),
        RuleCase(
            "RFC 9110 §15.5.5: a path of 2 KiB", .plain("GET", "/" + String(repeating: "a", count: 2_048)), .http(404)),
        RuleCase("RFC 9110 §15.5.6: GET of a method", .plain("GET", method), .http(405, "POST", allow: "POST")),
        RuleCase("RFC 9110 §15.5.6: PUT of a method", .plain("PUT", method, json), .http(405, allow: "POST")),
        RuleCase(
            "RFC 9110 §15.5.6: GET with gRPC's content-type",
            .plain("GET", method, [("content-type", "application/grpc")]), .http(405, allow: "POST")),
        RuleCase("RFC 9110 §15.5.6: DELETE /", .plain("DELETE", "/"), .http(405, allow: pageMethods)),
        RuleCase(
            "RFC 9110 §15.5.6: a method in lower case is another", .plain("get", "/"), .http(405, allow: pageMethods)),
        RuleCase(
            "RFC 9113 §8.5: CONNECT has no path, and is not for this server",
            RawRequest(fields: [(":method", "CONNECT"), (":authority", "localhost:1")]), .http(405, allow: pageMethods)),
        RuleCase("PROTOCOL-HTTP2: no content-type is 415", .plain("POST", method), .http(415, "application/grpc")),
        RuleCase("PROTOCOL-HTTP2: another content-type is 415", .plain("POST", method, json), .http(415)),
        RuleCase(
            "PROTOCOL-HTTP2: application/grpcx is another content-type",
            .plain("POST", method, [("content-type", "application/grpcx")]), .http(415)),
        RuleCase(
            "PROTOCOL-HTTP2: application/grpc-web is another content-type",
            .plain("POST", method, [("content-type", "application/grpc-web+proto")]), .http(415)),
        RuleCase(
            "RFC 6585 §5: header fields over the limit are 431",
            .plain("GET", "/", [("x-test", String(repeating: "a", count: 17_000))]), .http(431, "16384")),
        RuleCase(
            "RFC 6585 §5: too many header fields are 431",
            .plain("GET", "/", (0..<140).map { ("x-\($0)", "a") }), .http(431, "128")),
        RuleCase(
            "RFC 9113 §10.5.1: header fields over four times the limit are reset",
            .plain("GET", "/", (0..<5).map { ("x-\($0)", String(repeating: "a", count: 14_000)) }), .reset(11)),
    ]

    private static let bodies = [
        RuleCase(
            "RFC 9110 §9.3.3: POST / with a body", .plain("POST", "/").sending(Array("test".utf8)), .http(200)),
        RuleCase(
            "RFC 9113 §8.1: POST / with a body in frames, padding and trailers",
            .plain("POST", "/").sending(frames: [
                .data([1], padding: 20), .data([]), .data([2, 3], padding: 0), .trailers([("x-test", "a")]),
            ]), .http(200)),
        RuleCase(
            "RFC 9113 §8.1.1: POST / with a body that is not as long as its content-length",
            .plain("POST", "/", [("content-length", "1")]).sending([1, 2, 3, 4]), .reset(1)),
        RuleCase(
            "RFC 9110 §15.5.16: POST of JSON with its body",
            .plain("POST", method, json).sending(Array("{}".utf8)), .http(415)),
        RuleCase(
            "RFC 9110 §15.5.14: a body of more than 64 KiB is 413",
            .plain("POST", "/").sending(
                frames: (0..<4).map { _ in .data([UInt8](repeating: 1, count: 16_384)) } + [.data([1])]
            )
            .open(),
            .http(413)),
        RuleCase(
            "RFC 9113 §8.1: a refusal does not wait long for a body that nobody wants",
            .plain("POST", method, json).open(), .http(415), after: .seconds(1.1)),
        RuleCase(
            "RFC 9110 §15.5.9: a body that does not end is 408", .plain("POST", "/").sending([1]).open(), .http(408),
            after: .seconds(10.5)),
    ]

    @Test("RFC 9113 §5.2: a large body is credited as it comes, and the connection's window is whole behind it")
    func credit() throws {
        let frames: [RawRequest.Body] = (0..<4).map { _ in .data([UInt8](repeating: 1, count: 15_000)) }
        let simulation = try Simulation(services: [])
        let client = simulation.connect(
            FrameClient([.plain("POST", "/").sending(frames: frames), .plain("POST", "/").sending(frames: frames)]))
        try simulation.run(for: .seconds(1))
        for stream in [1, 3] as [Int32] { Outcome.http(200).check(client.peer[stream], isOpen: false) }
        #expect(client.peer.credit[0, default: 0] >= 60_000)
        #expect(simulation.server.snapshot.receivedBytes == 0)
        #expect(try simulation.shutDown())
    }

    @Test("RFC 9113 §6.9: the text of an answer goes out as the windows open")
    func window() throws {
        let simulation = try Simulation(services: [])
        let client = simulation.connect(FrameClient([.plain("GET", "/")], windowBytes: 10))
        try simulation.run(for: .seconds(2))
        #expect(client.peer[1].dataBytes == 10)
        #expect(!client.peer[1].ended)
        #expect(try simulation.shutDown())
    }
}
