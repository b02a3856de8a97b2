// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

/// The header fields of calls (gRPC over HTTP/2, "Requests").
@Suite("Rules of gRPC requests")
struct CallRuleTests {
    @Test("the fields of a call are taken or refused as the protocol has it, and its siblings go on", arguments: cases)
    func fields(_ rule: RuleCase) throws { try rule.run() }

    private static let call = RawRequest.call()
    private static let cases: [RuleCase] = contentTypes + paths + hosts + timeouts + metadata + limits

    private static let contentTypes = [
        "application/grpc+proto", "application/grpc+json", "application/grpc;charset=utf-8",
        "application/grpc+proto; a=b",
        "Application/GRPC",
    ].map { (value: String) in
        RuleCase("PROTOCOL-HTTP2, Content-Type: \(value)", call.with("content-type", value), .success())
    }

    private static let paths = [
        RuleCase(
            "PROTOCOL-HTTP2, Path: an unknown method", call.with(":path", RawRequest.service + "Nothing"),
            .trailersOnly(.unimplemented, "no method")),
        RuleCase(
            "PROTOCOL-HTTP2, Path: names have their case", call.with(":path", RawRequest.service + "unarycall"),
            .trailersOnly(.unimplemented)),
        RuleCase(
            "PROTOCOL-HTTP2, Path: an unknown service", call.with(":path", "/no.Service/UnaryCall"),
            .trailersOnly(.unimplemented, "no service")),
        RuleCase(
            "PROTOCOL-HTTP2, Path: no method", call.with(":path", "/grpc.testing.TestService"),
            .trailersOnly(.unimplemented)),
        RuleCase(
            "PROTOCOL-HTTP2, Path: an empty method", call.with(":path", RawRequest.service),
            .trailersOnly(.unimplemented)),
        RuleCase(
            "PROTOCOL-HTTP2, Path: an empty service", call.with(":path", "//UnaryCall"), .trailersOnly(.unimplemented)),
        RuleCase("PROTOCOL-HTTP2, Path: a slash", call.with(":path", "/"), .trailersOnly(.unimplemented)),
        RuleCase(
            "PROTOCOL-HTTP2, Path: a slash behind the method", call.with(":path", RawRequest.service + "UnaryCall/"),
            .trailersOnly(.unimplemented)),
        RuleCase(
            "PROTOCOL-HTTP2, Path: a query is part of it", call.with(":path", RawRequest.service + "UnaryCall?a=b"),
            .trailersOnly(.unimplemented)),
        RuleCase(
            "PROTOCOL-HTTP2, Path: an escape is not undone",
            call.with(":path", "/grpc%2etesting.TestService/UnaryCall"),
            .trailersOnly(.unimplemented)),
    ]

    private static let hosts = [
        RuleCase("gRFC A41: host in place of :authority", call.with(":authority", nil).adding("host", "a"), .success()),
        RuleCase("gRFC A41: host beside :authority is dropped", call.adding("host", "other"), .success()),
        RuleCase("PROTOCOL-HTTP2: a missing te is let pass, since proxies drop it", call.with("te", nil), .success()),
        RuleCase("PROTOCOL-HTTP2: the scheme is not compared", call.with(":scheme", "https"), .success()),
    ]

    private static let timeouts =
        ["1H", "1M", "10S", "10000m", "10000000u", "99999999n", "00000001H", "99999999H"].map {
            RuleCase("PROTOCOL-HTTP2, Timeout: \($0)", call.adding("grpc-timeout", $0), .success())
        }
        + ["", "S", "1", "123456789S", "-1S", "+1S", "1.5S", "1s", "1N", "1 S", "0x1S", " 1S", "1SS"].map {
            RuleCase(
                "PROTOCOL-HTTP2, Timeout: malformed \"\($0)\"", call.adding("grpc-timeout", $0),
                .trailersOnly(.internalError, "grpc-timeout"))
        }
        + [
            RuleCase(
                "PROTOCOL-HTTP2, Timeout: zero has passed on arrival", call.adding("grpc-timeout", "0S").open(),
                .trailersOnly(.deadlineExceeded)),
            RuleCase(
                "PROTOCOL-HTTP2, Timeout: a stream's deadline outlives its header fields",
                RawRequest.call("FullDuplexCall", message: []).adding("grpc-timeout", "100m").open(),
                .trailersOnly(.deadlineExceeded)),
        ]

    private static let metadata = [
        RuleCase(
            "PROTOCOL-HTTP2, Binary-Header: not base64", call.adding("x-bin", "*"),
            .trailersOnly(.internalError, "base64")),
        RuleCase(
            "PROTOCOL-HTTP2, Binary-Header: one character", call.adding("x-bin", "A"), .trailersOnly(.internalError)),
        RuleCase(
            "PROTOCOL-HTTP2, Binary-Header: padding in the middle", call.adding("x-bin", "AQ==AQ=="),
            .trailersOnly(.internalError)),
        RuleCase(
            "PROTOCOL-HTTP2, Binary-Header: base64 of URLs is another", call.adding("x-bin", "-_-_"),
            .trailersOnly(.internalError)),
        RuleCase(
            "PROTOCOL-HTTP2, Binary-Header: a broken value among joined ones", call.adding("x-bin", "AQ,*,AQ"),
            .trailersOnly(.internalError)),
        RuleCase("PROTOCOL-HTTP2, Binary-Header: padded", call.adding("x-bin", "AQ=="), .success()),
        RuleCase("PROTOCOL-HTTP2, Binary-Header: empty", call.adding("x-bin", ""), .success()),
        RuleCase("PROTOCOL-HTTP2, Binary-Header: joined by commas", call.adding("x-bin", "AQ, Ag==,"), .success()),
        RuleCase(
            "PROTOCOL-HTTP2, Header-Name: reserved names are let pass", call.adding("grpc-unknown", "1"), .success()),
        RuleCase(
            "PROTOCOL-HTTP2, ASCII-Value: bytes above ASCII must not be an error", call.adding([0x78], [0xC3, 0xA4]),
            .success()),
        RuleCase(
            "PROTOCOL-HTTP2, ASCII-Value: a control character must not be an error", call.adding("x", "a\u{1}b"),
            .success()),
        RuleCase(
            "PROTOCOL-HTTP2, ASCII-Value: white space at its ends may be stripped", call.adding("x", " a\t"), .success()
        ),
        RuleCase(
            "PROTOCOL-HTTP2, Header-Name: a name that is legal in HTTP alone", call.adding("x~y", "a"), .success()),
    ]

    private static let limits = [
        RuleCase(
            "RFC 9113 §10.5.1: metadata over 16 KiB", call.adding("x", String(repeating: "a", count: 16_384)),
            .trailersOnly(.resourceExhausted, "16384")),
        RuleCase(
            "RFC 9113 §6.5.2: a field counts 32 bytes more than its text",
            (0..<100).reduce(call) { $0.adding("x-\($1)", String(repeating: "a", count: 128)) },
            .trailersOnly(.resourceExhausted)),
        RuleCase(
            "RFC 9113 §10.5.1: more than 128 fields", (0..<123).reduce(call) { $0.adding("x-\($1)", "") },
            .trailersOnly(.resourceExhausted, "128")),
        RuleCase(
            "RFC 9113 §10.5.1: 128 fields", (0..<122).reduce(call) { $0.adding("x-\($1)", "") }, .success()),
        RuleCase(
            "PROTOCOL-HTTP2, Binary-Header: joined values count as fields",
            call.adding("x-bin", String(repeating: ",", count: 200)), .trailersOnly(.resourceExhausted)),
        RuleCase(
            "RFC 9113 §10.5.1: a path over 16 KiB is refused as a call",
            call.with(":path", "/a/" + String(repeating: "b", count: 17_000)), .trailersOnly(.resourceExhausted)),
        RuleCase(
            "RFC 9113 §10.5.1: a content-type behind 16 KiB of metadata is seen",
            call.with("content-type", nil).adding("x", String(repeating: "a", count: 17_000))
                .adding("content-type", "application/grpc"), .trailersOnly(.resourceExhausted)),
        RuleCase(
            "RFC 9113 §10.5.1: metadata over 64 KiB is reset, as RESOURCE_EXHAUSTED to gRPC clients",
            (0..<5).reduce(call) { $0.adding("x-\($1)", String(repeating: "a", count: 14_000)) }, .reset(11)),
        RuleCase(
            "RFC 9113 §10.5.1: more than 512 fields are reset", (0..<510).reduce(call) { $0.adding("x-\($1)", "") },
            .reset(11)),
    ]
}
