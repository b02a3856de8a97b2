// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("The parser of request heads")
struct RequestHeadParserTests {
    typealias Field = (name: String, value: String)

    static let base: [Field] = [
        (":method", "POST"), (":scheme", "http"), (":path", "/pkg.Service/Method"), (":authority", "host:1"),
        ("te", "trailers"), ("content-type", "application/grpc"),
    ]

    /// The base with one field changed, or left out when the value is nil.
    static func base(_ name: String, _ value: String?) -> [Field] {
        base.compactMap { field in
            guard field.name == name else { return field }
            guard let value else { return nil }
            return (name, value)
        }
    }

    static func parse(
        _ fields: [Field], bytes: Int = 16 * 1024, count: Int = 128
    ) -> RequestHeadParser.Result {
        var parser = RequestHeadParser(maximumHeaderListBytes: bytes, maximumFieldCount: count)
        for field in fields { parser.add(name: Array(field.name.utf8).span, value: Array(field.value.utf8).span) }
        return parser.finish()
    }

    static func head(_ fields: [Field]) throws -> RequestHead {
        switch parse(fields) {
        case .accept(let head): return head
        case .reject(let rejection): throw RPCError(.unknown, "rejected: \(rejection)")
        }
    }

    static func rejection(_ result: RequestHeadParser.Result) -> HTTPRejection? {
        if case .reject(let rejection) = result { rejection } else { nil }
    }

    /// The rejection in short: `reset`, an HTTP status, or a code.
    static func verdict(_ result: RequestHeadParser.Result) -> String {
        switch result {
        case .accept: "accept"
        case .reject(.reset(let code, _)): "reset \(code)"
        case .reject(.http(let status, _, _)): "\(status)"
        case .reject(.grpc(let status)): status.code.description
        }
    }

    // MARK: - Accepted

    @Test("accepts a plain call")
    func plain() throws {
        let head = try RequestHeadParserTests.head(RequestHeadParserTests.base)
        #expect(head.path == "/pkg.Service/Method")
        #expect(head.authority == "host:1")
        #expect(head.scheme == "http")
        #expect(head.contentSubtype == "")
        #expect(head.contentType == "application/grpc")
        #expect(head.timeout == nil)
        #expect(head.encoding == nil)
        #expect(head.acceptEncoding == nil)
        #expect(head.userAgent == nil)
        #expect(head.metadata.isEmpty)
    }

    @Test("takes what the protocol's own fields say")
    func protocolFields() throws {
        let head = try RequestHeadParserTests.head(
            RequestHeadParserTests.base + [
                ("grpc-timeout", "700m"), ("grpc-encoding", "identity"),
                ("grpc-accept-encoding", "identity, deflate, gzip"), ("user-agent", "grpc-python/1.2 (linux)"),
                ("content-length", "7"), ("x-first", "1"), ("grpc-previous-rpc-attempts", "2"), ("x-first", "3"),
            ])
        #expect(head.timeout == .milliseconds(700))
        #expect(head.encoding == "identity")
        #expect(head.acceptEncoding == "identity, deflate, gzip")
        #expect(head.userAgent == "grpc-python/1.2 (linux)")
        #expect(head.metadata.map(\.name) == ["x-first", "grpc-previous-rpc-attempts", "x-first"])
        #expect(head.metadata[values: "x-first"] == [.string("1"), .string("3")])
    }

    @Test(
        "takes the content-types of gRPC and echoes the subtype",
        arguments: [
            ("application/grpc", "", "application/grpc"),
            ("application/grpc+proto", "proto", "application/grpc+proto"),
            ("application/grpc+json", "json", "application/grpc+json"),
            ("application/grpc+", "", "application/grpc"),
            ("application/grpc;charset=utf-8", "", "application/grpc"),
            ("application/grpc ; x", "", "application/grpc"),
            ("application/grpc;", "", "application/grpc"),
            ("application/grpc+proto; x=y", "proto", "application/grpc+proto"),
            ("Application/GRPC+Proto", "proto", "application/grpc+proto"),
            (
                "application/grpc+" + String(repeating: "a", count: 64), String(repeating: "a", count: 64),
                "application/grpc+" + String(repeating: "a", count: 64)
            ),
        ])
    func contentTypes(value: String, subtype: String, echo: String) throws {
        let head = try RequestHeadParserTests.head(RequestHeadParserTests.base("content-type", value))
        #expect(head.contentSubtype == subtype)
        #expect(head.contentType == echo)
    }

    @Test("takes the host where there is no authority, and drops it beside one")
    func host() throws {
        let without = RequestHeadParserTests.base(":authority", nil)
        #expect(try RequestHeadParserTests.head(without).authority == nil)
        #expect(try RequestHeadParserTests.head(without + [("host", "h")]).authority == "h")
        let both = try RequestHeadParserTests.head(RequestHeadParserTests.base + [("host", "h")])
        #expect(both.authority == "host:1")
        #expect(both.metadata.isEmpty)
    }

    @Test(
        "accepts a call without te, and one whose path has a deep service name",
        arguments: [
            ("te", nil), (":scheme", "https"), (":scheme", "coap"), (":path", "/a/b"), (":path", "/a/b/c"),
            (":path", "//a/b"),
        ] as [(String, String?)])
    func lenient(name: String, value: String?) {
        #expect(
            RequestHeadParserTests.verdict(
                RequestHeadParserTests.parse(RequestHeadParserTests.base(name, value))) == "accept")
    }

    @Test("of a field that comes twice the first counts")
    func firstCounts() throws {
        let head = try RequestHeadParserTests.head(
            RequestHeadParserTests.base + [
                ("grpc-timeout", "1S"), ("grpc-timeout", "bad"), ("content-type", "text/html"), ("user-agent", "a"),
                ("user-agent", "b"), ("grpc-encoding", "gzip"), ("grpc-encoding", "identity"),
                ("grpc-accept-encoding", "gzip"), ("grpc-accept-encoding", "br"),
            ])
        #expect(head.timeout == .seconds(1))
        #expect(head.userAgent == "a")
        #expect(head.encoding == "gzip")
        #expect(head.acceptEncoding == "gzip")
    }

    // MARK: - Metadata

    @Test(
        "decodes binary values, splitting at commas first",
        arguments: [
            ("AQI", [[1, 2]]), ("AQI=", [[1, 2]]), ("", [[]]), ("AQ,Ag==,Aw", [[1], [2], [3]]),
            (" AQ , Ag ", [[1], [2]]),
            ("AQ,", [[1], []]), (",", [[], []]),
        ] as [(String, [[UInt8]])])
    func binaryValues(value: String, expected: [[UInt8]]) throws {
        let head = try RequestHeadParserTests.head(RequestHeadParserTests.base + [("x-bin", value)])
        #expect(head.metadata[values: "x-bin"] == expected.map { .binary($0) })
    }

    @Test(
        "leaves out what is legal in HTTP but not as metadata",
        arguments: [
            ("x", "ü"), ("x", "a\tb"), ("x~y", "v"), ("", "v"), ("grpc-trace-bin", "AQ"), ("grpc-trace-bin", "*"),
            ("grpc-other", "v"), ("content-length", "3"),
        ])
    func leftOut(name: String, value: String) throws {
        let head = try RequestHeadParserTests.head(RequestHeadParserTests.base + [(name, value)])
        #expect(head.metadata.isEmpty)
    }

    @Test("gives metadata that can be sent back as it is")
    func echo() throws {
        let head = try RequestHeadParserTests.head(
            RequestHeadParserTests.base + [
                ("a", " x "), ("b-bin", "AQ,Ag"), ("user-agent", "u"), ("grpc-foo", "1"), ("content-length", "0"),
                ("cookie", "c"), ("grpc-retry-pushback-ms", "5"), ("d", "\u{7F}"), ("host", "h"),
            ])
        var echoed = Metadata()
        for (name, value) in head.metadata { try echoed.add(name: name, value: value) }
        #expect(echoed == head.metadata)
        #expect(echoed.map(\.name) == ["a", "b-bin", "b-bin", "cookie", "grpc-retry-pushback-ms"])
        #expect(echoed[string: "a"] == "x")
    }

    // MARK: - Rejected

    @Test(
        "rejects each flaw in its own way",
        arguments: [
            (":method", nil, "reset 1"), (":path", nil, "reset 1"), ("te", "gzip", "reset 1"), ("te", "", "reset 1"),
            ("content-type", nil, "415"), ("content-type", "text/html", "415"),
            ("content-type", "application/grpcfoo", "415"), ("content-type", "application/grp", "415"),
            ("content-type", "application/grpc-web", "415"), ("content-type", "", "415"),
            ("content-type", "application/grpc+" + String(repeating: "a", count: 65), "415"),
            ("content-type", "application/grpc+a b", "415"),
            (":method", "GET", "405"), (":method", "post", "405"), (":method", "", "405"),
            (":path", "*", "UNIMPLEMENTED"), (":path", "/", "UNIMPLEMENTED"), (":path", "//", "UNIMPLEMENTED"),
            (":path", "", "UNIMPLEMENTED"), (":path", "/a", "UNIMPLEMENTED"), (":path", "/a/", "UNIMPLEMENTED"),
            (":path", "//a", "UNIMPLEMENTED"), (":path", "a/b", "UNIMPLEMENTED"), (":path", "/a/b c", "UNIMPLEMENTED"),
            (":path", "/ä/b", "UNIMPLEMENTED"), (":path", "/a/b\u{0}", "UNIMPLEMENTED"),
        ] as [(String, String?, String)])
    func flaws(name: String, value: String?, expected: String) {
        let result = RequestHeadParserTests.parse(RequestHeadParserTests.base(name, value))
        #expect(RequestHeadParserTests.verdict(result) == expected)
    }

    @Test(
        "rejects each field that must not be there",
        arguments: [
            ("connection", "close", "reset 1"), ("keep-alive", "1", "reset 1"), ("proxy-connection", "x", "reset 1"),
            ("transfer-encoding", "chunked", "reset 1"), ("upgrade", "h2c", "reset 1"), (":path", "/x/y", "reset 1"),
            (":unknown", "", "reset 1"), (":", "", "reset 1"), ("grpc-timeout", "", "INTERNAL"),
            ("grpc-timeout", "abc", "INTERNAL"), ("grpc-timeout", "-1S", "INTERNAL"),
            ("grpc-timeout", "123456789S", "INTERNAL"), ("x-bin", "*", "INTERNAL"), ("x-bin", "AQ,*", "INTERNAL"),
            ("x-bin", "AQ==AQ==", "INTERNAL"),
        ])
    func intruders(name: String, value: String, expected: String) {
        let result = RequestHeadParserTests.parse(RequestHeadParserTests.base + [(name, value)])
        #expect(RequestHeadParserTests.verdict(result) == expected)
    }

    @Test("rejects a pseudo-header that is repeated", arguments: [":method", ":path", ":scheme", ":authority"])
    func repeatedPseudoHeader(name: String) {
        let value = RequestHeadParserTests.base.first { $0.name == name }?.value ?? ""
        let result = RequestHeadParserTests.parse([(name, value)] + RequestHeadParserTests.base)
        #expect(RequestHeadParserTests.verdict(result) == "reset 1")
    }

    @Test("tells which method is allowed, and answers two hosts with 400")
    func plainHTTPAnswers() {
        let get = RequestHeadParserTests.rejection(
            RequestHeadParserTests.parse(RequestHeadParserTests.base(":method", "GET")))
        guard case .http(405, "POST", _) = get else {
            Issue.record("unexpected: \(String(describing: get))")
            return
        }
        let hosts = RequestHeadParserTests.parse(RequestHeadParserTests.base + [("host", "a"), ("host", "b")])
        #expect(RequestHeadParserTests.verdict(hosts) == "400")
    }

    @Test("gives the first verdict in the order of checks when there are several flaws")
    func order() {
        let flaws: [(Field, String)] = [
            (("connection", "x"), "reset 1"), ((":method", ""), "reset 1"), (("host", "a"), "400"),
            (("content-type", "text/html"), "415"), ((":method", "GET"), "405"), ((":path", "/"), "UNIMPLEMENTED"),
            (("big", String(repeating: "x", count: 20_000)), "RESOURCE_EXHAUSTED"),
            (("grpc-timeout", "x"), "INTERNAL"),
        ]
        for first in flaws.indices where flaws[first].0.name != ":method" || flaws[first].0.value == "GET" {
            var fields = RequestHeadParserTests.base
            for (flaw, _) in flaws[first...] {
                if let index = fields.firstIndex(where: { $0.name == flaw.name }) {
                    fields[index] = flaw
                } else {
                    fields.append(flaw)
                    if flaw.name == "host" { fields.append(("host", "b")) }
                }
            }
            // A list over its limit that is not gRPC is 431 rather than 415.
            let expected = flaws[first].1 == "415" ? "431" : flaws[first].1
            #expect(RequestHeadParserTests.verdict(RequestHeadParserTests.parse(fields)) == expected)
        }
    }

    // MARK: - Limits

    @Test("takes a header list at its limit in bytes and refuses one past it")
    func byteLimit() {
        let fields = RequestHeadParserTests.base + [("x", "12345")]
        let size = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        #expect(RequestHeadParserTests.verdict(RequestHeadParserTests.parse(fields, bytes: size)) == "accept")
        #expect(
            RequestHeadParserTests.verdict(RequestHeadParserTests.parse(fields, bytes: size - 1))
                == "RESOURCE_EXHAUSTED")
        let foreign = RequestHeadParserTests.base("content-type", "text/html")
        #expect(RequestHeadParserTests.verdict(RequestHeadParserTests.parse(foreign, bytes: 10)) == "431")
    }

    @Test("takes a header list at its limit of fields and refuses one past it")
    func fieldLimit() {
        let fields = RequestHeadParserTests.base + (0..<122).map { ("x\($0)", "") }
        #expect(fields.count == 128)
        #expect(RequestHeadParserTests.verdict(RequestHeadParserTests.parse(fields)) == "accept")
        #expect(
            RequestHeadParserTests.verdict(RequestHeadParserTests.parse(fields + [("y", "")])) == "RESOURCE_EXHAUSTED")
    }

    @Test(
        "counts each part of a joined binary value as a field",
        arguments: [(121, "accept"), (122, "RESOURCE_EXHAUSTED")])
    func joinedParts(commas: Int, expected: String) {
        let fields = RequestHeadParserTests.base + [("x-bin", String(repeating: ",", count: commas))]
        #expect(RequestHeadParserTests.verdict(RequestHeadParserTests.parse(fields)) == expected)
    }

    @Test("finds a path behind the limit, so that the answer is still the right one")
    func longPath() {
        let path = "/pkg.Service/" + String(repeating: "m", count: 20_000)
        let result = RequestHeadParserTests.parse(RequestHeadParserTests.base(":path", path))
        #expect(RequestHeadParserTests.verdict(result) == "RESOURCE_EXHAUSTED")
    }

    @Test("never traps on arbitrary fields", arguments: 0..<400 as Range<UInt64>)
    func arbitraryFields(seed: UInt64) {
        var random = Seeded(seed)
        let names = [
            ":method", ":path", ":scheme", ":authority", "te", "content-type", "grpc-timeout", "grpc-encoding",
            "grpc-accept-encoding", "user-agent", "host", "x-bin", "x", "connection", "content-length", "", ":", "-bin",
        ]
        let values = ["POST", "/a/b", "application/grpc", "trailers", "1S", "AQ,Ag==", "http", ","]
        var parser = RequestHeadParser(maximumHeaderListBytes: 800, maximumFieldCount: 20)
        var fields = RequestHeadParserTests.base.shuffled(using: &random).map {
            (Array($0.name.utf8), Array($0.value.utf8))
        }
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            var name = Array((names.randomElement(using: &random) ?? "").utf8)
            var value = Array((values.randomElement(using: &random) ?? "").utf8)
            if random.next() % 4 == 0 { name += random.bytes(3) }
            if random.next() % 2 == 0 { value = random.bytes(Int.random(in: 0...40, using: &random)) }
            fields.append((name, value))
        }
        for (name, value) in fields { parser.add(name: name.span, value: value.span) }
        if case .accept(let head) = parser.finish() {
            #expect(head.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(head.metadata.count <= 20)
            #expect(head.metadata.headerListBytes <= 800)
        }
    }
}
