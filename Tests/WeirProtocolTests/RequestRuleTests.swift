// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

/// Requests that are malformed as HTTP/2 messages (RFC 9113 §8.1.1): a stream error, and nothing of it reaches a service.
@Suite("Rules of HTTP/2 requests")
struct RequestRuleTests {
    @Test("a malformed request is reset with PROTOCOL_ERROR, and its siblings go on", arguments: cases)
    func malformed(_ rule: RuleCase) throws { try rule.run() }

    private static let call = RawRequest.call()
    private static let protocolError = Outcome.reset(1)

    private static let cases: [RuleCase] =
        pseudoHeaders + names + values + connectionFields + hosts + lengths + trailers

    private static let pseudoHeaders = [
        RuleCase("RFC 9113 §8.3.1: :method must be there", call.with(":method", nil), protocolError),
        RuleCase("RFC 9113 §8.3.1: :scheme must be there", call.with(":scheme", nil), protocolError),
        RuleCase("RFC 9113 §8.3.1: :path must be there", call.with(":path", nil), protocolError),
        RuleCase("RFC 9113 §8.3.1: :path must not be empty", call.with(":path", ""), protocolError),
        RuleCase("RFC 9113 §8.3.1: :path of a call begins with a slash", call.with(":path", "a/b"), protocolError),
        RuleCase("RFC 9113 §8.3.1: :method twice", call.first(":method", "POST"), protocolError),
        RuleCase("RFC 9113 §8.3.1: :scheme twice", call.first(":scheme", "http"), protocolError),
        RuleCase("RFC 9113 §8.3.1: :path twice", call.first(":path", "/a/b"), protocolError),
        RuleCase("RFC 9113 §8.3.1: :authority twice", call.first(":authority", "a"), protocolError),
        RuleCase("RFC 9113 §8.3: a pseudo-header that is not defined", call.first(":proto", "x"), protocolError),
        RuleCase("RFC 9113 §8.3: a pseudo-header without a name", call.first(":", "x"), protocolError),
        RuleCase("RFC 9113 §8.3: a response's pseudo-header in a request", call.first(":status", "200"), protocolError),
        RuleCase("RFC 9113 §8.3: a pseudo-header behind a regular field", call.adding(":path", "/a/b"), protocolError),
        RuleCase("RFC 9110 §9.1: a method is a token", call.with(":method", "PO ST"), protocolError),
        RuleCase("RFC 3986 §3.3: no space in a path", call.with(":path", "/a b/c"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no line feed in a path", call.with(":path", "/a/b\n"), protocolError),
        RuleCase("RFC 3986 §3.2: no space in an authority", call.with(":authority", "a b"), protocolError),
    ]

    private static let names = [
        RuleCase("RFC 9113 §8.2: no capitals in a name", call.adding("X-Test", "a"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no space in a name", call.adding("x test", "a"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no colon in a name", call.adding("x:test", "a"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no DEL in a name", call.adding("x\u{7F}", "a"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no byte above ASCII in a name", call.adding([0x78, 0xE4], [0x61]), protocolError),
        RuleCase("RFC 9110 §5.1: a name is not empty", call.adding("", "a"), protocolError),
    ]

    private static let values = [
        RuleCase("RFC 9113 §8.2.1: no NUL in a value", call.adding("x-test", "a\0b"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no CR in a value", call.adding("x-test", "a\rb"), protocolError),
        RuleCase("RFC 9113 §8.2.1: no LF in a value", call.adding("x-test", "a\nx-admin: 1"), protocolError),
        RuleCase(
            "RFC 9113 §8.2.1: no space at the start of a value, in a request that is no gRPC",
            .plain("GET", "/", [("x-test", " a")]), protocolError),
        RuleCase(
            "RFC 9113 §8.2.1: no tab at the end of a value, in a request that is no gRPC",
            .plain("GET", "/", [("x-test", "a\t")]), protocolError),
    ]

    private static let connectionFields = [
        RuleCase("RFC 9113 §8.2.2: no connection", call.adding("connection", "close"), protocolError),
        RuleCase("RFC 9113 §8.2.2: no keep-alive", call.adding("keep-alive", "timeout=1"), protocolError),
        RuleCase("RFC 9113 §8.2.2: no proxy-connection", call.adding("proxy-connection", "close"), protocolError),
        RuleCase("RFC 9113 §8.2.2: no transfer-encoding", call.adding("transfer-encoding", "chunked"), protocolError),
        RuleCase("RFC 9113 §8.2.2: no upgrade", call.adding("upgrade", "h2c"), protocolError),
        RuleCase("RFC 9113 §8.2.2: te has no other value than trailers", call.with("te", "gzip"), protocolError),
        RuleCase("RFC 9113 §8.2.2: te is not empty", call.with("te", ""), protocolError),
        RuleCase("RFC 9113 §8.2.2: te: trailers, deflate", call.with("te", "trailers, deflate"), protocolError),
    ]

    private static let hosts = [
        RuleCase("RFC 9110 §7.2: two hosts", call.adding("host", "a").adding("host", "b"), protocolError)
    ]

    private static let lengths = [
        RuleCase("RFC 9113 §8.1.1: content-length above the body's", call.adding("content-length", "6"), protocolError),
        RuleCase("RFC 9113 §8.1.1: content-length below the body's", call.adding("content-length", "4"), protocolError),
        RuleCase(
            "RFC 9113 §8.1.1: content-length of a request that ends without a body",
            call.adding("content-length", "1").sending(nil), protocolError),
        RuleCase(
            "RFC 9113 §8.1.1: content-length, the body in two frames",
            call.adding("content-length", "6").sending(frames: [.data([0, 0, 0]), .data([0, 0])]), protocolError),
        RuleCase("RFC 9110 §8.6: content-length is a number", call.adding("content-length", "five"), protocolError),
        RuleCase("RFC 9110 §8.6: content-length has no sign", call.adding("content-length", "-5"), protocolError),
        RuleCase(
            "RFC 9110 §8.6: content-length of more than 64 bits",
            call.adding("content-length", "99999999999999999999"), protocolError),
        RuleCase(
            "RFC 9110 §8.6: two values of content-length",
            call.adding("content-length", "5").adding("content-length", "6"), protocolError),
        RuleCase(
            "RFC 9110 §8.6: content-length that is right is let pass", call.adding("content-length", "5"), .success()),
    ]

    private static let trailers = [
        RuleCase(
            "RFC 9113 §8.1: no pseudo-header in trailers",
            call.sending(frames: [.data([0, 0, 0, 0, 0]), .trailers([(":path", "/a/b")])]), protocolError),
        RuleCase(
            "RFC 9113 §8.2: no capitals in trailers",
            call.sending(frames: [.data([0, 0, 0, 0, 0]), .trailers([("X-Test", "a")])]), protocolError),
        RuleCase(
            "RFC 9113 §8.2.2: no connection in trailers",
            call.sending(frames: [.data([0, 0, 0, 0, 0]), .trailers([("connection", "close")])]), protocolError),
        RuleCase(
            "RFC 9113 §8.1: trailers end a request, and a server of calls does not need them",
            call.sending(frames: [.data([0, 0, 0, 0, 0]), .trailers([("x-checksum", "1")])]), .success()),
    ]
}
