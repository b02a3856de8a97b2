// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

@Suite("The parser of request heads, rejecting")
struct RequestHeadRejectionTests {
    @Test(
        "rejects each flaw in its own way",
        arguments: [
            (":method", nil, "reset 1"), (":path", nil, "reset 1"), ("te", "gzip", "reset 1"), ("te", "", "reset 1"),
            ("content-type", nil, "plain post /pkg.Service/Method"),
            ("content-type", "text/html", "plain post /pkg.Service/Method"),
            ("content-type", "application/grpcfoo", "plain post /pkg.Service/Method"),
            ("content-type", "application/grp", "plain post /pkg.Service/Method"),
            ("content-type", "application/grpc-web", "plain post /pkg.Service/Method"),
            ("content-type", "", "plain post /pkg.Service/Method"),
            ("content-type", "application/grpc+" + String(repeating: "a", count: 65), "plain post /pkg.Service/Method"),
            ("content-type", "application/grpc+a b", "plain post /pkg.Service/Method"),
            (":method", "GET", "405"), (":method", "post", "405"), (":method", "", "405"),
            (":path", "*", "UNIMPLEMENTED"), (":path", "/", "UNIMPLEMENTED"), (":path", "//", "UNIMPLEMENTED"),
            (":path", "", "UNIMPLEMENTED"), (":path", "/a", "UNIMPLEMENTED"), (":path", "/a/", "UNIMPLEMENTED"),
            (":path", "//a", "UNIMPLEMENTED"), (":path", "//ab", "UNIMPLEMENTED"), (":path", "a/b", "UNIMPLEMENTED"),
            (":path", "/a/b c", "UNIMPLEMENTED"),
            (":path", "/ä/b", "UNIMPLEMENTED"), (":path", "/a/b\u{0}", "UNIMPLEMENTED"),
        ] as [(String, String?, String)])
    func flaws(name: String, value: String?, expected: String) {
        let result = RequestFields.parse(RequestFields.base(name, value))
        #expect(RequestFields.verdict(result) == expected)
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
        let result = RequestFields.parse(RequestFields.base + [(name, value)])
        #expect(RequestFields.verdict(result) == expected)
    }

    @Test("rejects a pseudo-header that is repeated", arguments: [":method", ":path", ":scheme", ":authority"])
    func repeatedPseudoHeader(name: String) {
        let value = RequestFields.base.first { $0.name == name }?.value ?? ""
        let result = RequestFields.parse([(name, value)] + RequestFields.base)
        #expect(RequestFields.verdict(result) == "reset 1")
    }

    @Test("tells which method is allowed, and answers two hosts with 400")
    func plainHTTPAnswers() {
        let get = RequestFields.rejection(
            RequestFields.parse(RequestFields.base(":method", "GET")))
        #expect(get == .http(.methodNotAllowed("POST", "gRPC calls use the method POST")))
        let hosts = RequestFields.parse(RequestFields.base + [("host", "a"), ("host", "b")])
        #expect(RequestFields.verdict(hosts) == "400")
    }

    @Test("gives the first verdict in the order of checks when there are several flaws")
    func order() {
        let flaws: [(RequestFields.Field, String)] = [
            (("connection", "x"), "reset 1"), ((":method", ""), "reset 1"), (("host", "a"), "400"),
            (("content-type", "text/html"), "plain"), ((":method", "GET"), "405"), ((":path", "/"), "UNIMPLEMENTED"),
            (("big", String(repeating: "x", count: 20_000)), "RESOURCE_EXHAUSTED"),
            (("grpc-timeout", "x"), "INTERNAL"),
        ]
        for first in flaws.indices where flaws[first].0.name != ":method" || flaws[first].0.value == "GET" {
            var fields = RequestFields.base
            for (flaw, _) in flaws[first...] {
                if let index = fields.firstIndex(where: { $0.name == flaw.name }) {
                    fields[index] = flaw
                } else {
                    fields.append(flaw)
                    if flaw.name == "host" { fields.append(("host", "b")) }
                }
            }
            // A list over its limit that is not gRPC is 431, whatever there is at its path.
            let expected = flaws[first].1 == "plain" ? "431" : flaws[first].1
            #expect(RequestFields.verdict(RequestFields.parse(fields)) == expected)
        }
    }

    // MARK: - Limits

    @Test("takes a header list at its limit in bytes and refuses one past it")
    func byteLimit() {
        let fields = RequestFields.base + [("x", "12345")]
        let size = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        #expect(RequestFields.verdict(RequestFields.parse(fields, bytes: size)) == "accept")
        #expect(
            RequestFields.verdict(RequestFields.parse(fields, bytes: size - 1))
                == "RESOURCE_EXHAUSTED")
        let foreign = RequestFields.base("content-type", "text/html")
        #expect(RequestFields.verdict(RequestFields.parse(foreign, bytes: 10)) == "431")
    }

    @Test("takes a header list at its limit of fields and refuses one past it")
    func fieldLimit() {
        let fields = RequestFields.base + (0..<122).map { ("x\($0)", "") }
        #expect(fields.count == 128)
        #expect(RequestFields.verdict(RequestFields.parse(fields)) == "accept")
        #expect(
            RequestFields.verdict(RequestFields.parse(fields + [("y", "")])) == "RESOURCE_EXHAUSTED")
    }

    @Test(
        "counts each part of a joined binary value as a field",
        arguments: [(121, "accept"), (122, "RESOURCE_EXHAUSTED")])
    func joinedParts(commas: Int, expected: String) {
        let fields = RequestFields.base + [("x-bin", String(repeating: ",", count: commas))]
        #expect(RequestFields.verdict(RequestFields.parse(fields)) == expected)
    }

    @Test("finds a path behind the limit, so that the answer is still the right one")
    func longPath() {
        let path = "/pkg.Service/" + String(repeating: "m", count: 20_000)
        let result = RequestFields.parse(RequestFields.base(":path", path))
        #expect(RequestFields.verdict(result) == "RESOURCE_EXHAUSTED")
    }

    @Test("never traps on arbitrary fields", arguments: 0..<400 as Range<UInt64>)
    func arbitraryFields(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = [
            ":method", ":path", ":scheme", ":authority", "te", "content-type", "grpc-timeout", "grpc-encoding",
            "grpc-accept-encoding", "user-agent", "host", "x-bin", "x", "connection", "content-length", "", ":", "-bin",
        ]
        let values = ["POST", "/a/b", "application/grpc", "trailers", "1S", "AQ,Ag==", "http", ","]
        var parser = RequestHeadParser(maximumHeaderListBytes: 800, maximumFieldCount: 20)
        var fields = RequestFields.base.shuffled(using: &random).map {
            (name: Array($0.name.utf8), value: Array($0.value.utf8))
        }
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            var name = Array((names.randomElement(using: &random) ?? "").utf8)
            var value = Array((values.randomElement(using: &random) ?? "").utf8)
            if random.next() % 4 == 0 { name += random.bytes(3) }
            if random.next() % 2 == 0 { value = random.bytes(Int.random(in: 0...40, using: &random)) }
            fields.append((name: name, value: value))
        }
        if case .accept(let head) = parser.finish(fields) {
            #expect(head.path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(head.metadata.count <= 20)
            #expect(head.metadata.headerListBytes <= 800)
        }
    }
}
