// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirHTTP2
import WeirTesting

@Suite("RFC 9113 §8: HTTP messages")
struct MessageTests {
    private static let malformed = Rule.Outcome.streamError(3, .protocolError)

    /// A request of these fields that nobody may see.
    private static func refused(_ name: String, _ fields: Fields) -> Rule {
        Rule(name, headers(3, block(fields)), is: malformed, .handler(3, starts: false))
    }

    /// A request of these fields that is served.
    private static func served(_ name: String, _ fields: Fields) -> Rule {
        Rule(name, headers(3, block(fields)), is: .accepted, .handler(3))
    }

    /// A call without one of its fields, and with others in its place.
    private static func without(_ name: String, _ others: Fields = []) -> Fields {
        call().flatMap { $0.name == name ? others : [$0] }
    }

    static let framing = [
        Rule(
            "§8.1 trailers without END_STREAM",
            talk(3) + data(3, message) + headers(3, block([("a", "b")]), ends: false),
            is: malformed),
        Rule("§8.1 a second request on the stream", talk(3) + headers(3, block(call()), ends: false), is: malformed),
        Rule(
            "§8.1 trailers with END_STREAM", talk(3) + data(3, message) + headers(3, block([("a", "b")])), is: .accepted
        ),
        Rule("§8.1 trailers of no fields", talk(3) + headers(3, []), is: .accepted),
        Rule(
            "§8.1 an answer that is whole before the request is: the rest is not wanted", [.send(talk(3)), .answer(3)],
            .ended(3), [.that("the answer came first") { $0.peer[3].order == "HDHR" }]),
        Rule(
            "§8.1 plain HTTP is answered in time although its body does not end: the rest is not wanted",
            [.send(get(3, "/nowhere", ends: false)), .wait(.seconds(30))], .ended(3),
            [.that("the answer came first") { $0.peer[3].order.hasPrefix("HD") && $0.peer[3].ended }]),
        Rule(
            "§8.1.1 a request that is malformed in its trailers", talk(3) + headers(3, block([(":path", "/")])),
            is: malformed),
    ]

    static let fieldNames = [
        refused("§8.2.1 a name in upper case", call("Talk", [("X-Upper", "1")])),
        refused("§8.2.1 one upper-case letter at the end of a name", call("Talk", [("x-uppeR", "1")])),
        refused("§8.2.1 a space in a name", call("Talk", [("x y", "1")])),
        refused("§8.2.1 a colon in a name", call("Talk", [("x:y", "1")])),
        refused("§8.2.1 a control character in a name", call("Talk", [("x\u{1}y", "1")])),
        refused("§8.2.1 DEL in a name", call("Talk", [("x\u{7F}", "1")])),
        refused("§8.2.1 a character above ASCII in a name", call("Talk", [("x\u{E9}", "1")])),
        refused("§8.2.1 an empty name", call("Talk", [("", "1")])),
        refused("§8.2.1 a line feed in a value", call("Talk", [("x", "a\nb")])),
        refused("§8.2.1 a carriage return in a value", call("Talk", [("x", "a\rb")])),
        refused("§8.2.1 NUL in a value", call("Talk", [("x", "a\0b")])),
        // gRPC's clients send such values as they get them, and its protocol page has the server strip them.
        served("§8.2.1 a value of gRPC metadata that begins with a space", call("Talk", [("x", " a")])),
        served("§8.2.1 a value of gRPC metadata that ends with a tab", call("Talk", [("x", "a\t")])),
        refused("§8.2.1 a line feed in a pseudo-header", without(":path", [(":path", "/conformance.Echo/Talk\n")])),
        served("§8.2.1 a value with a space and a tab inside", call("Talk", [("x", "a \tb")])),
        served("§8.2.1 an empty value", call("Talk", [("x", "")])),
        served("§8.2.1 a value above ASCII", call("Talk", [("x", "\u{E9}")])),
        served("§8.2.3 cookies in crumbs", call("Talk", [("cookie", "a=b"), ("cookie", "c=d")])),
        Rule("§8.2.1 a name in upper case in trailers", talk(3) + headers(3, block([("X", "1")])), is: malformed),
        Rule("§8.2.1 a line feed in a value of trailers", talk(3) + headers(3, block([("x", "\n")])), is: malformed),
    ]

    static let connectionFields = [
        refused("§8.2.2 connection", call("Talk", [("connection", "close")])),
        refused("§8.2.2 proxy-connection", call("Talk", [("proxy-connection", "keep-alive")])),
        refused("§8.2.2 keep-alive", call("Talk", [("keep-alive", "timeout=5")])),
        refused("§8.2.2 transfer-encoding", call("Talk", [("transfer-encoding", "chunked")])),
        refused("§8.2.2 upgrade", call("Talk", [("upgrade", "h2c")])),
        refused("§8.2.2 te other than trailers", without("te", [("te", "gzip")])),
        refused("§8.2.2 te of trailers and something else", without("te", [("te", "trailers, deflate;q=0.5")])),
        served("§8.2.2 te of trailers", call()),
        served("§8.2.2 no te", without("te")),
        Rule("§8.2.2 connection in trailers", talk(3) + headers(3, block([("connection", "close")])), is: malformed),
    ]

    static let pseudoHeaders = [
        refused("§8.3 an unknown pseudo-header", [(":unknown", "1")] + call()),
        refused("§8.3 one of responses", [(":status", "200")] + call()),
        refused("§8.3 a pseudo-header behind a field", without(":path") + [(":path", "/conformance.Echo/Talk")]),
        refused("§8.3.1 no :method", without(":method")),
        refused("§8.3.1 no :scheme", without(":scheme")),
        refused("§8.3.1 no :path", without(":path")),
        refused("§8.3.1 no pseudo-header at all", [("content-type", "application/grpc")]),
        refused("§8.3.1 :method twice", [(":method", "POST")] + call()),
        refused("§8.3.1 :scheme twice", [(":scheme", "http")] + call()),
        refused("§8.3.1 :path twice", [(":path", "/conformance.Echo/Talk")] + call()),
        refused("§8.3.1 :authority twice", [(":authority", "test")] + call()),
        refused("§8.3.1 an empty :path", without(":path", [(":path", "")])),
        refused(
            "§8.3.1 a :path that does not begin with a slash", without(":path", [(":path", "conformance.Echo/Talk")])),
        refused("§8.3.1 a :path of * that is not OPTIONS", without(":path", [(":path", "*")])),
        refused("§8.3.1 a space in :path", without(":path", [(":path", "/a b")])),
        refused("§8.3.1 an empty :method", without(":method", [(":method", "")])),
        refused("§8.3.1 a :method that is no token", without(":method", [(":method", "PO ST")])),
        refused("§8.3.1 a :scheme that is none", without(":scheme", [(":scheme", "h ttp")])),
        refused("§8.3.1 a space in :authority", without(":authority", [(":authority", "a b")])),
        served("§8.3.1 host in place of :authority", without(":authority") + [("host", "test")]),
        served("§8.3.1 host beside :authority", call("Talk", [("host", "test")])),
        refused("RFC 9110 §7.2 two hosts", call("Talk", [("host", "test"), ("host", "test")])),
        refused("RFC 9110 §7.2 neither host nor :authority", without(":authority")),
        refused("RFC 8441 §4 :protocol, which was not announced", [(":protocol", "websocket")] + call()),
        Rule("§8.3 a pseudo-header in trailers", talk(3) + headers(3, block([(":method", "POST")])), is: malformed),
        Rule(
            "§8.3 a response's pseudo-header in trailers", talk(3) + headers(3, block([(":status", "200")])),
            is: malformed),
        refused("§8.5 CONNECT with :scheme and :path", without(":method", [(":method", "CONNECT")])),
        refused("§8.5 CONNECT without :authority", [(":method", "CONNECT")]),
    ]

    /// A call with this content-length and DATA frames of these sizes; the last frame, DATA or HEADERS, ends it.
    private static func length(
        _ name: String, _ value: String, _ sizes: [Int], trailers: Bool = false, isRight: Bool = false
    )
        -> Rule
    {
        let fields = block(call("Talk", [("content-length", value)]))
        var bytes = headers(3, fields, ends: sizes.isEmpty && !trailers)
        for (index, size) in sizes.enumerated() {
            bytes += data(3, zeros(size), ends: index == sizes.count - 1 && !trailers)
        }
        if trailers { bytes += headers(3, block([("x-end", "1")])) }
        return Rule(name, bytes, is: isRight ? .accepted : malformed)
    }

    static let lengths = [
        length("§8.1.1 content-length is the length of DATA", "6", [6], isRight: true),
        length("§8.1.1 of several DATA frames", "6", [1, 2, 0, 3], isRight: true),
        length("§8.1.1 of none", "0", [], isRight: true),
        length("§8.1.1 of DATA in front of trailers", "6", [6], trailers: true, isRight: true),
        length("§8.1.1 content-length above the length of DATA", "7", [6]),
        length("§8.1.1 content-length below it", "5", [6]),
        length("§8.1.1 above that of several DATA frames", "7", [3, 3]),
        length("§8.1.1 below that of several DATA frames", "5", [3, 3]),
        length("§8.1.1 content-length and no DATA", "1", []),
        length("§8.1.1 content-length of 0 and DATA", "0", [1]),
        length("§8.1.1 content-length above the length of DATA in front of trailers", "7", [6], trailers: true),
        length("RFC 9110 §8.6 content-length that is no number", "six", [6]),
        length("RFC 9110 §8.6 a negative content-length", "-1", []),
        length("RFC 9110 §8.6 a content-length with a sign", "+6", [6]),
        length("RFC 9110 §8.6 a content-length above all numbers", "99999999999999999999", [6]),
        refused("RFC 9110 §8.6 two content-lengths", call("Talk", [("content-length", "0"), ("content-length", "0")])),
        Rule(
            "§8.1.1 padding does not count",
            headers(3, block(call("Talk", [("content-length", "6")])), ends: false)
                + frame(Type.data, flags: Flag.padded | Flag.endStream, stream: 3, [2] + message + zeros(2)),
            is: .accepted),
    ]

    @Test(arguments: framing + fieldNames + connectionFields + pseudoHeaders + lengths)
    func rule(_ rule: Rule) throws { try rule.verify() }
}
