// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirHTTP2
import WeirTesting

@Suite("RFC 9113 §4.1, §5.5: types, flags and bits that nobody has defined")
struct UnknownTests {
    static let rules = [
        Rule("§4.1 a frame of an unknown type on stream 0 is ignored", frame(Type.unknown, zeros(8)), is: .accepted),
        Rule("§4.1 on an idle stream", frame(Type.unknown, stream: 9, zeros(8)), is: .accepted),
        Rule("§4.1 on an open stream", talk(3) + frame(Type.unknown, stream: 3, zeros(8)), is: .accepted),
        Rule(
            "§4.1 on a half-closed stream", talk(3, ends: true) + frame(Type.unknown, stream: 3, zeros(8)),
            is: .accepted),
        Rule("§4.1 on a closed stream", talk(3) + reset(3) + frame(Type.unknown, stream: 3, zeros(8)), is: .accepted),
        Rule("§4.1 with all flags set and the largest size", frame(0xFF, flags: 0xFF, zeros(16_384)), is: .accepted),
        Rule(
            "§5.5 types 0x0A to 0x20, among them ALTSVC, ORIGIN and PRIORITY_UPDATE",
            Bytes((UInt8(0x0A)...0x20).map { frame($0, stream: 0, zeros(9)) }.joined()), is: .accepted),
        Rule(
            "§4.1 unknown flags of PING", frame(Type.ping, flags: 0xFE, [1, 2, 3, 4, 5, 6, 7, 8]), is: .accepted,
            .count(.ping, 1)),
        Rule("§4.1 unknown flags of SETTINGS", frame(Type.settings, flags: 0xFE), is: .accepted, .count(.settings, 3)),
        Rule("§4.1 unknown flags of WINDOW_UPDATE", frame(Type.windowUpdate, flags: 0xFF, number(1)), is: .accepted),
        Rule("§4.1 unknown flags of DATA", talk(3) + frame(Type.data, flags: 0xF6, stream: 3, message), is: .accepted),
        Rule(
            "§4.1 unknown flags of HEADERS", headers(3, block(call()), flags: Flag.endHeaders | 0xD2), is: .accepted,
            .handler(3)),
        Rule(
            "§4.1 unknown flags of RST_STREAM", talk(3) + frame(Type.reset, flags: 0xFF, stream: 3, number(8)),
            is: .accepted),
        Rule("§4.1 unknown flags of PRIORITY", frame(Type.priority, flags: 0xFF, stream: 3, zeros(5)), is: .accepted),
        Rule(
            "§4.1 the reserved bit of a stream's number is ignored", headers(0x8000_0003, block(call())), is: .accepted,
            .handler(3)),
        Rule(
            "§4.1 the reserved bit of stream 0 is ignored", frame(Type.ping, stream: 0x8000_0000, zeros(8)),
            is: .accepted, .count(.ping, 1)),
        Rule("§6.9 the reserved bit of an increment is ignored", talk(3) + windowUpdate(3, 0x8000_0001), is: .accepted),
        Rule(
            "§6.9 an increment of the reserved bit alone is 0", talk(3) + windowUpdate(3, 0x8000_0000),
            is: .streamError(3, .protocolError)),
        Rule(
            "§5.5 an unknown type within a field section",
            headers(3, block(call()), flags: 0) + frame(Type.unknown, stream: 3),
            is: .connectionError(.protocolError), .handler(3, starts: false)),
        Rule(
            "§5.5 an unknown SETTINGS entry is ignored", settings((0x4242, 0xFFFF_FFFF)), is: .accepted,
            .count(.settings, 3)),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }
}

@Suite("RFC 9113 §4.2: frame size")
struct FrameSizeTests {
    private static let large = 16_385
    private static let tooLarge = Rule.Outcome.connectionError(.frameSizeError)

    static let rules = [
        Rule("§4.2 DATA of 16,384 bytes are taken", talk(3) + data(3, zeros(16_384)), is: .accepted),
        Rule("§4.2 DATA above that", talk(3) + data(3, zeros(large)), is: tooLarge),
        Rule("§4.2 HEADERS above that", headers(3, zeros(large)), is: tooLarge, .handler(3, starts: false)),
        Rule(
            "§4.2 CONTINUATION above that", headers(3, block(call()), flags: 0) + continuation(3, zeros(large)),
            is: tooLarge, .handler(3, starts: false)),
        Rule("§4.2 PRIORITY above that", frame(Type.priority, stream: 3, zeros(large)), is: tooLarge),
        Rule("§4.2 RST_STREAM above that", talk(3) + frame(Type.reset, stream: 3, zeros(large)), is: tooLarge),
        Rule("§4.2 SETTINGS above that", frame(Type.settings, zeros(large + 5)), is: tooLarge),
        Rule("§4.2 PUSH_PROMISE above that", frame(Type.push, stream: 1, zeros(large)), is: tooLarge),
        Rule("§4.2 PING above that", frame(Type.ping, zeros(large)), is: tooLarge),
        Rule("§4.2 GOAWAY above that", frame(Type.goAway, zeros(large)), is: tooLarge),
        Rule("§4.2 WINDOW_UPDATE above that", frame(Type.windowUpdate, zeros(large)), is: tooLarge),
        Rule("§4.2 an unknown type above that", frame(Type.unknown, zeros(large)), is: tooLarge),
        Rule(
            "§4.2 a length of 16,777,215 ends the connection before its payload comes",
            frame(Type.data, stream: 1, length: 0xFF_FFFF), is: tooLarge),
        Rule(
            "§6.5.2 a client's larger SETTINGS_MAX_FRAME_SIZE is for the server's frames only",
            settings((5, 65_536)) + talk(3) + data(3, zeros(large)), is: tooLarge),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }

    @Test("§4.2 the server sends no frame larger than the client takes", arguments: [nil, 16_384, 1 << 20])
    func servers(limit: Int?) throws {
        let exchange = try Exchange()
        exchange.pump()
        let entries = limit.map { settings((4, 1 << 20), (5, UInt32($0))) } ?? settings((4, 1 << 20))
        exchange.send(RawFrame.preface + entries + windowUpdate(0, 1 << 20) + talk(1))
        #expect(exchange.answer(1, bytes: 60_000, ends: true))
        // The frames were read by one that takes no more than 16,384 bytes.
        #expect(exchange.isUnderstood)
        #expect(exchange.peer[1].dataFrames.reduce(0, +) == 60_005)
        #expect(exchange.peer[1].dataFrames.allSatisfy { $0 <= 16_384 })
    }
}

@Suite("RFC 9113 §4.3, §6.10: field sections")
struct FieldSectionTests {
    private static let whole = block(call())
    private static let open = headers(3, whole, flags: 0)
    private static let broken = Rule.Outcome.connectionError(.protocolError)

    /// A field section in so many CONTINUATIONs, cut anywhere.
    private static func inParts(_ count: Int) -> Bytes {
        let size = whole.count / (count + 1)
        var rest = whole.dropFirst(size)
        var bytes = headers(3, Bytes(whole.prefix(size)), flags: 0)
        for index in 1...count {
            let part = index == count ? rest : rest.prefix(size)
            rest = rest.dropFirst(part.count)
            bytes += continuation(3, Bytes(part), ends: index == count)
        }
        return bytes
    }

    static let rules = [
        Rule("§6.10 a field section in two frames", inParts(1), is: .accepted, .handler(3)),
        Rule("§6.10 in nine frames", inParts(8), is: .accepted, .handler(3)),
        Rule(
            "§10.5.1 in more frames than the limit",
            open
                + Bytes((0..<9).map { _ in continuation(3, ends: false) }.joined()),
            is: .connectionError(.enhanceYourCalm)),
        Rule("§6.10 an empty CONTINUATION", open + continuation(3), is: .accepted, .handler(3)),
        Rule(
            "§6.10 empty HEADERS, then all of it", headers(3, [], flags: 0) + continuation(3, whole), is: .accepted,
            .handler(3)),
        Rule(
            "§6.2 END_STREAM of HEADERS holds although CONTINUATION follows", open + continuation(3) + data(3),
            is: .streamError(3, .streamClosed)),
        Rule("§6.10 CONTINUATION without HEADERS", continuation(3, whole), is: broken),
        Rule("§6.10 CONTINUATION on stream 0", open + continuation(0), is: broken),
        Rule("§6.10 CONTINUATION behind END_HEADERS", talk(3) + continuation(3, block([("a", "b")])), is: broken),
        Rule(
            "§6.10 CONTINUATION behind a CONTINUATION with END_HEADERS", open + continuation(3) + continuation(3),
            is: broken),
        Rule("§6.10 CONTINUATION behind DATA", talk(3) + data(3) + continuation(3), is: broken),
        Rule("§6.10 CONTINUATION of another stream", open + continuation(5), is: broken),
        Rule("§4.3 DATA within a field section", open + data(1), is: broken, .handler(3, starts: false)),
        Rule("§4.3 HEADERS of another stream within it", open + talk(5), is: broken, .handler(5, starts: false)),
        Rule("§4.3 HEADERS of the same stream within it", open + talk(3), is: broken),
        Rule("§4.3 PRIORITY within it", open + priority(3), is: broken),
        Rule("§4.3 RST_STREAM within it", open + reset(3), is: broken),
        Rule("§4.3 SETTINGS within it", open + settings(), is: broken),
        Rule("§4.3 PUSH_PROMISE within it", open + frame(Type.push, stream: 3, zeros(8)), is: broken),
        Rule("§4.3 PING within it", open + ping, is: broken),
        Rule("§4.3 GOAWAY within it", open + frame(Type.goAway, zeros(8)), is: broken),
        Rule("§4.3 WINDOW_UPDATE within it", open + windowUpdate(0, 1), is: broken),
        Rule(
            "§4.3 a block that cannot be decoded", headers(3, [0x80]), is: .connectionError(.compressionError),
            .handler(3, starts: false)),
        Rule(
            "§4.3 a block that ends in the middle of a field", headers(3, Bytes(whole.dropLast())),
            is: .connectionError(.compressionError), .handler(3, starts: false)),
        Rule(
            "§4.3 trailers that cannot be decoded", talk(3) + headers(3, [0x80]),
            is: .connectionError(.compressionError)),
        Rule(
            "§4.3 a block on a stream that the server has reset is decoded too",
            [
                .send(talk(3)), .fail(3), .send(headers(3, indexing("x-later", "1"))),
                .send(headers(5, block(call()) + indexed(62))),
            ], .ended(3), [.handler(5)]),
        Rule(
            "§4.3 such a block that cannot be decoded ends the connection",
            [
                .send(talk(3)), .fail(3), .send(headers(3, [0x80])),
            ], .connectionError(.compressionError)),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }
}
