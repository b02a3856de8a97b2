// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

/// Length-prefixed messages and what is in them (gRPC over HTTP/2, "Length-Prefixed-Message").
@Suite("Rules of gRPC messages")
struct MessageRuleTests {
    @Test("a message is taken or refused as the protocol has it, and its siblings go on", arguments: cases)
    func messages(_ rule: RuleCase) throws { try rule.run() }

    private static let cases: [RuleCase] = framing + compression + cardinality + splits + protobuf

    private static let call = RawRequest.call()
    private static let empty = RawRequest.prefixed([])
    /// A stream of requests and one response.
    private static let collect = RawRequest.call("StreamingInputCall")

    private static let framing = [
        RuleCase(
            "PROTOCOL-HTTP2: a request that ends in a prefix", call.sending([0, 0, 0]),
            .trailersOnly(.internalError, "middle of a message")),
        RuleCase(
            "PROTOCOL-HTTP2: a request that ends in a message", call.sending([0, 0, 0, 0, 5, 1, 2]),
            .trailersOnly(.internalError, "middle of a message")),
        RuleCase(
            "PROTOCOL-HTTP2: a stream of requests that ends in a message", collect.sending(empty + [0, 0]),
            .trailersOnly(.internalError)),
        RuleCase(
            "PROTOCOL-HTTP2, Compressed-Flag: 2", call.sending([2, 0, 0, 0, 0]), .trailersOnly(.internalError, "flags")),
        RuleCase(
            "PROTOCOL-HTTP2, Compressed-Flag: 0x80", call.sending([0x80, 0, 0, 0, 0]), .trailersOnly(.internalError)),
        RuleCase(
            "PROTOCOL-HTTP2, Compressed-Flag: 0xFF", call.sending([0xFF, 0, 0, 0, 0]), .trailersOnly(.internalError)),
        RuleCase(
            "statuscodes.md: 4 GiB announced is too large before it comes",
            call.sending([0, 255, 255, 255, 255]).open(),
            .trailersOnly(.resourceExhausted, "4194304")),
        RuleCase(
            "statuscodes.md: a byte over 4 MiB announced", call.sending([0, 0, 0x40, 0, 1]).open(),
            .trailersOnly(.resourceExhausted)),
        RuleCase(
            "statuscodes.md: a byte over 4 MiB in a stream of requests",
            collect.sending(empty + [0, 0, 0x40, 0, 1]).open(),
            .trailersOnly(.resourceExhausted)),
        RuleCase(
            "limits.md: a request that is never whole, of 4 MiB", call.sending([0, 0, 0x40, 0, 0]).open(),
            .trailersOnly(.resourceExhausted, "stalled"), after: .seconds(11)),
        RuleCase(
            "limits.md: a request whose end does not come", call.open(),
            .trailersOnly(.resourceExhausted, "END_STREAM"),
            after: .seconds(11)),
    ]

    private static let compression = [
        RuleCase(
            "compression.md: a compressed message without grpc-encoding", call.sending([1, 0, 0, 0, 1, 0]),
            .trailersOnly(.internalError)),
        RuleCase(
            "compression.md: a compressed message with grpc-encoding: identity",
            call.adding("grpc-encoding", "identity").sending([1, 0, 0, 0, 1, 0]), .trailersOnly(.internalError)),
        RuleCase(
            "compression.md: a compressed message of an unknown encoding",
            call.adding("grpc-encoding", "snappy").sending([1, 0, 0, 0, 1, 0]), .trailersOnly(.unimplemented, "snappy")),
        RuleCase(
            "compression.md: grpc-accept-encoding of unknown names is let pass",
            call.adding("grpc-accept-encoding", "snappy,br,,;"), .success()),
    ]

    private static let cardinality = [
        RuleCase(
            "statuscodes.md: two messages for a method that takes one", call.sending(empty + empty),
            .trailersOnly(.unimplemented)),
        RuleCase(
            "statuscodes.md: no message, HEADERS with END_STREAM, for a method that takes one", call.sending(nil),
            .trailersOnly(.unimplemented, "one request message")),
        RuleCase(
            "statuscodes.md: no message, empty DATA with END_STREAM, for a method that takes one", call.sending([]),
            .trailersOnly(.unimplemented, "one request message")),
        RuleCase(
            "statuscodes.md: two messages for a method that streams its response",
            RawRequest.call("StreamingOutputCall").sending(empty + empty), .trailersOnly(.unimplemented)),
        RuleCase("PROTOCOL-HTTP2: a stream of no requests", collect.sending(nil), .success()),
        RuleCase(
            "PROTOCOL-HTTP2: three requests in one DATA frame", collect.sending(empty + empty + empty), .success()),
    ]

    private static let splits = [
        RuleCase("PROTOCOL-HTTP2: a message without bytes is a message", call, .success()),
        RuleCase(
            "PROTOCOL-HTTP2: messages are not aligned with DATA, a byte a frame",
            call.sending(frames: RawRequest.prefixed([16, 7]).map { .data([$0]) }), .success()),
        RuleCase(
            "RFC 9113 §6.1: padding is no part of a message",
            call.sending(frames: [.data([0, 0], padding: 255), .data([0, 0, 0], padding: 0)]), .success()),
        RuleCase(
            "RFC 9113 §6.1: DATA without bytes between parts of a message",
            call.sending(frames: [.data([]), .data([0, 0]), .data([]), .data([0, 0, 0]), .data([])]), .success()),
        RuleCase(
            "PROTOCOL-HTTP2: the client's end in a DATA frame of its own",
            call.sending(frames: [.data(empty), .data([])]), .success()),
    ]

    private static let invalid = Outcome.trailersOnly(.internalError, "not a valid")

    /// A message that is no `SimpleRequest` (protobuf.dev, "Encoding"); statuscodes.md: "Error parsing request proto".
    private static let protobuf =
        [
            ("a tag that is cut", [0x80]),
            ("a tag of eleven bytes", [UInt8](repeating: 0x80, count: 10) + [1]),
            ("field number 0", [0x00, 0x01]),
            ("wire type 6", [0x0E]), ("wire type 7", [0x0F]),
            ("a number that is cut", [0x10, 0x80]),
            ("a number of eleven bytes", [0x10] + [UInt8](repeating: 0xFF, count: 10) + [1]),
            ("a field's length beyond the end", [0x1A, 0x05, 0x01]),
            ("a length of 2 GiB", [0x1A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]),
            ("a length of 64 bits", [0x1A] + [UInt8](repeating: 0xFF, count: 9) + [1]),
            ("a message within it that is cut", [0x1A, 0x02, 0x12, 0x05]),
            ("a string that is not UTF-8", [0x3A, 0x03, 0x12, 0x01, 0xFF]),
            ("a group that does not end", [0x9B, 0x06]), ("a group that did not begin", [0x9C, 0x06]),
            ("a group that ends as another", [0x9B, 0x06, 0xA4, 0x06]),
            ("200 groups in each other", [UInt8](repeating: 0x63, count: 200) + [UInt8](repeating: 0x64, count: 200)),
            ("a fixed32 that is cut", [0x65, 1, 2]), ("a fixed64 that is cut", [0x61, 1, 2, 3]),
        ].map { RuleCase("protobuf encoding: \($0)", RawRequest.call(message: $1), invalid) }
        + [
            ("an unknown field", [0xA2, 0x06, 0x01, 0x00]),
            ("a field twice, of which the last counts", [0x10, 1, 0x10, 2]),
            ("a known field with another wire type is unknown", [0x12, 0x01, 0x00]),
            ("an enum's value that has no name", [0x1A, 0x02, 0x08, 0x63]),
            ("a group of an unknown field", [0x9B, 0x06, 0x9C, 0x06]),
        ].map { RuleCase("protobuf encoding: \($0) is let pass", RawRequest.call(message: $1), .success()) }
}
