// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("The parser of request heads")
struct RequestHeadParserTests {
    // MARK: - Accepted

    @Test("accepts a plain call")
    func plain() throws {
        let head = try RequestFields.head(RequestFields.base)
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
        let head = try RequestFields.head(
            RequestFields.base + [
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
        let head = try RequestFields.head(RequestFields.base("content-type", value))
        #expect(head.contentSubtype == subtype)
        #expect(head.contentType == echo)
    }

    @Test("takes the host where there is no authority, and drops it beside one")
    func host() throws {
        let without = RequestFields.base(":authority", nil)
        #expect(try RequestFields.head(without).authority == nil)
        #expect(try RequestFields.head(without + [("host", "h")]).authority == "h")
        let both = try RequestFields.head(RequestFields.base + [("host", "h")])
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
            RequestFields.verdict(
                RequestFields.parse(RequestFields.base(name, value))) == "accept")
    }

    @Test("of a field that comes twice the first counts")
    func firstCounts() throws {
        let head = try RequestFields.head(
            RequestFields.base + [
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
        let head = try RequestFields.head(RequestFields.base + [("x-bin", value)])
        #expect(head.metadata[values: "x-bin"] == expected.map { .binary($0) })
    }

    @Test(
        "leaves out what is legal in HTTP but not as metadata",
        arguments: [
            ("x", "ü"), ("x", "a\tb"), ("x~y", "v"), ("", "v"), ("grpc-trace-bin", "AQ"), ("grpc-trace-bin", "*"),
            ("grpc-other", "v"), ("content-length", "3"),
        ])
    func leftOut(name: String, value: String) throws {
        let head = try RequestFields.head(RequestFields.base + [(name, value)])
        #expect(head.metadata.isEmpty)
    }

    @Test("gives metadata that can be sent back as it is")
    func echo() throws {
        let head = try RequestFields.head(
            RequestFields.base + [
                ("a", " x "), ("b-bin", "AQ,Ag"), ("user-agent", "u"), ("grpc-foo", "1"), ("content-length", "0"),
                ("cookie", "c"), ("grpc-retry-pushback-ms", "5"), ("d", "\u{7F}"), ("host", "h"),
            ])
        var echoed = Metadata()
        for (name, value) in head.metadata { try echoed.add(name: name, value: value) }
        #expect(echoed == head.metadata)
        #expect(echoed.map(\.name) == ["a", "b-bin", "b-bin", "cookie", "grpc-retry-pushback-ms"])
        #expect(echoed[string: "a"] == "x")
    }
}
