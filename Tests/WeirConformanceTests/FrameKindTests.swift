// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirTesting

@Suite("RFC 9113 §6: what each frame may be")
struct FrameKindTests {
    private static let broken = Rule.Outcome.connectionError(.protocolError)
    private static let wrongSize = Rule.Outcome.connectionError(.frameSizeError)
    private static let flow = Rule.Outcome.connectionError(.flowControlError)

    /// DATA with this many bytes of padding, or with a wrong number of them.
    private static func padded(_ payload: Bytes, _ padding: Int, says: UInt8? = nil, ends: Bool = false) -> Bytes {
        frame(
            Type.data, flags: Flag.padded | (ends ? Flag.endStream : 0), stream: 3,
            [says ?? UInt8(padding)] + payload + zeros(padding))
    }

    /// HEADERS whose padding is this.
    private static func paddedHeaders(_ says: UInt8, _ padding: Int, priority: Bool = false) -> Bytes {
        frame(
            Type.headers, flags: Flag.padded | Flag.endHeaders | (priority ? Flag.priority : 0), stream: 3,
            [says] + (priority ? number(0) + [15] : []) + block(call()) + zeros(padding))
    }

    static let data = [
        Rule("§6.1 DATA on stream 0", frame(Type.data, message), is: broken),
        Rule("§6.1 DATA with padding", talk(3) + padded(message, 200), is: .accepted),
        Rule("§6.1 DATA of padding alone", talk(3) + padded([], 255), is: .accepted),
        Rule("§6.1 DATA with padding of no bytes", talk(3) + padded(message, 0), is: .accepted),
        Rule(
            "§6.1 padding that is not zero may be taken", talk(3) + padded(message + [9, 9], 0, says: 2), is: .accepted),
        Rule("§6.1 padding as long as the payload", talk(3) + padded([], 3, says: 4), is: broken),
        Rule("§6.1 padding longer than the payload", talk(3) + padded([1, 2], 0, says: 200), is: broken),
        Rule(
            "§6.1 PADDED without a length", talk(3) + frame(Type.data, flags: Flag.padded, stream: 3),
            is: .connectionError(.protocolError, or: .frameSizeError)),
        Rule(
            "§6.1 empty DATA with END_STREAM", talk(3) + frame(Type.data, flags: Flag.endStream, stream: 3),
            is: .accepted),
        Rule(
            "§6.1 padding counts: its credit goes back",
            [.send(talk(3))]
                + (0..<400).map { _ in .send(padded([], 255)) }, .accepted,
            [.that("credit") { $0.peer.credit[0, default: 0] >= 400 * 256 - 65_535 }]),
    ]

    static let headers = [
        Rule("§6.2 HEADERS with padding", paddedHeaders(9, 9), is: .accepted, .handler(3)),
        Rule(
            "§6.2 HEADERS with padding and a priority", paddedHeaders(9, 9, priority: true), is: .accepted, .handler(3)),
        Rule("§6.2 padding that leaves no room for the block", paddedHeaders(255, 0), is: broken),
        Rule(
            "§6.2 padding longer than the payload",
            frame(Type.headers, flags: Flag.padded | Flag.endHeaders, stream: 3, [5, 0, 0]), is: broken),
        Rule(
            "§6.2 padding that leaves no room for the priority",
            frame(Type.headers, flags: Flag.padded | Flag.priority | Flag.endHeaders, stream: 3, [2] + zeros(6)),
            is: broken),
        Rule(
            "§6.2 PADDED without a length", frame(Type.headers, flags: Flag.padded | Flag.endHeaders, stream: 3),
            is: .connectionError(.protocolError, or: .frameSizeError)),
        Rule(
            "§4.2 HEADERS too short for their priority",
            frame(Type.headers, flags: Flag.priority | Flag.endHeaders, stream: 3, zeros(4)), is: wrongSize),
    ]

    static let priorities = [
        Rule("§6.3 PRIORITY on stream 0", priority(0), is: broken),
        Rule(
            "§6.3 PRIORITY of 4 bytes", talk(3) + frame(Type.priority, stream: 3, zeros(4)),
            is: .streamError(3, .frameSizeError)),
        Rule(
            "§6.3 PRIORITY of 6 bytes", talk(3) + frame(Type.priority, stream: 3, zeros(6)),
            is: .streamError(3, .frameSizeError)),
        Rule(
            "§6.3 PRIORITY of no bytes", talk(3) + frame(Type.priority, stream: 3), is: .streamError(3, .frameSizeError)
        ),
        Rule(
            "§6.3 PRIORITY of 6 bytes on a half-closed stream",
            talk(3, ends: true) + frame(Type.priority, stream: 3, zeros(6)), is: .streamError(3, .frameSizeError)),
        Rule(
            "§6.3 PRIORITY of 6 bytes on a closed stream",
            talk(3) + reset(3) + frame(Type.priority, stream: 3, zeros(6)),
            is: .streamError(3, .frameSizeError)),
        Rule(
            "§6.3 PRIORITY of 6 bytes on an idle stream, which cannot be reset",
            frame(Type.priority, stream: 3, zeros(6)), is: wrongSize),
    ]

    static let resets = [
        Rule("§6.4 RST_STREAM on stream 0", reset(0), is: broken),
        Rule("§6.4 RST_STREAM of 3 bytes", talk(3) + frame(Type.reset, stream: 3, zeros(3)), is: wrongSize),
        Rule("§6.4 RST_STREAM of 5 bytes", talk(3) + frame(Type.reset, stream: 3, zeros(5)), is: wrongSize),
        Rule("§6.4 RST_STREAM of no bytes", talk(3) + frame(Type.reset, stream: 3), is: wrongSize),
    ]

    static let pushes = [
        Rule(
            "§8.4 PUSH_PROMISE from a client",
            talk(3) + frame(Type.push, flags: Flag.endHeaders, stream: 3, number(2) + block(call())), is: broken),
        Rule("§6.6 PUSH_PROMISE on stream 0", frame(Type.push, flags: Flag.endHeaders, number(2)), is: broken),
    ]

    static let pings = [
        Rule(
            "§6.7 PING is answered with its own bytes", frame(Type.ping, [9, 8, 7, 6, 5, 4, 3, 2]), is: .accepted,
            .that("the answer") { $0.peer.frames.last?.payload == [9, 8, 7, 6, 5, 4, 3, 2] }),
        Rule("§6.7 each PING is answered", ping + ping + ping, is: .accepted, .count(.ping, 3)),
        Rule(
            "§6.7 an answer is not answered", frame(Type.ping, flags: Flag.acknowledge, zeros(8)), is: .accepted,
            .count(.ping, 0)),
        Rule("§6.7 PING on a stream", talk(3) + frame(Type.ping, stream: 3, zeros(8)), is: broken, .count(.ping, 0)),
        Rule("§6.7 PING of 7 bytes", frame(Type.ping, zeros(7)), is: wrongSize),
        Rule("§6.7 PING of 9 bytes", frame(Type.ping, zeros(9)), is: wrongSize),
        Rule("§6.7 PING of no bytes", frame(Type.ping), is: wrongSize),
        Rule("§6.7 an answer of 7 bytes", frame(Type.ping, flags: Flag.acknowledge, zeros(7)), is: wrongSize),
    ]

    static let goAways = [
        Rule("§6.8 GOAWAY on a stream", talk(3) + frame(Type.goAway, stream: 3, zeros(8)), is: broken),
        Rule("§6.8 GOAWAY of 7 bytes", frame(Type.goAway, zeros(7)), is: wrongSize),
        Rule("§6.8 GOAWAY of no bytes", frame(Type.goAway), is: wrongSize),
    ]

    @Test(arguments: data + headers + priorities + resets + pushes + pings + goAways)
    func rule(_ rule: Rule) throws { try rule.verify() }

    @Test(
        "§6.8 after a client's GOAWAY its streams end in their own time, and then the connection",
        arguments: [0, 2, 0xFF] as [UInt32], [0, 1, 2, 7, 0x7FFF_FFFF, 0x8000_0001] as [UInt32])
    func goAway(code: UInt32, lastStream: UInt32) throws {
        let exchange = try Exchange()
        exchange.send(
            RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge) + talk(1, ends: true))
        // A client may say it twice, and may name any stream: the server opens none.
        for last in [lastStream, 0x7FFF_FFFF, lastStream] {
            for byte in frame(Type.goAway, number(last) + number(code) + Bytes("why".utf8)) { exchange.send([byte]) }
        }
        #expect(exchange.closes == 0)
        #expect(exchange.goAways.isEmpty)
        #expect(exchange.answer(1, bytes: 100, ends: true))
        #expect(exchange.peer[1].status == "0")
        #expect(exchange.closes == 1)
    }
}

@Suite("RFC 9113 §6.5: SETTINGS")
struct SettingsTests {
    private static let broken = Rule.Outcome.connectionError(.protocolError)
    private static let wrongSize = Rule.Outcome.connectionError(.frameSizeError)
    private static let flow = Rule.Outcome.connectionError(.flowControlError)
    private static let acknowledgement = frame(Type.settings, flags: Flag.acknowledge)

    static let rules = [
        Rule(
            "§6.5.3 SETTINGS are acknowledged, each for itself", settings() + settings((3, 1)) + settings(),
            is: .accepted,
            .count(.settings, 5)),
        Rule("§6.5.3 an acknowledgement nobody waits for", acknowledgement, is: broken),
        Rule(
            "§6.5 an acknowledgement with payload", frame(Type.settings, flags: Flag.acknowledge, zeros(6)),
            is: wrongSize),
        Rule("§6.5 SETTINGS on a stream", talk(3) + settings(stream: 3), is: broken),
        Rule(
            "§6.5 an acknowledgement on a stream", frame(Type.settings, flags: Flag.acknowledge, stream: 1), is: broken),
        Rule("§6.5 SETTINGS of 1 byte", frame(Type.settings, zeros(1)), is: wrongSize),
        Rule("§6.5 SETTINGS of 7 bytes", frame(Type.settings, zeros(7)), is: wrongSize),
        Rule("§6.5.2 HEADER_TABLE_SIZE of 0 and the largest", settings((1, 0)) + settings((1, .max)), is: .accepted),
        Rule("§6.5.2 ENABLE_PUSH of 0", settings((2, 0)), is: .accepted),
        Rule("§6.5.2 ENABLE_PUSH of 1", settings((2, 1)), is: .accepted),
        Rule("§6.5.2 ENABLE_PUSH of 2", settings((2, 2)), is: broken),
        Rule(
            "§6.5.2 MAX_CONCURRENT_STREAMS of 0 and the largest", settings((3, 0)) + settings((3, .max)), is: .accepted),
        Rule("§6.5.2 INITIAL_WINDOW_SIZE of 0", settings((4, 0)), is: .accepted),
        Rule("§6.5.2 INITIAL_WINDOW_SIZE of 2,147,483,647", settings((4, 0x7FFF_FFFF)), is: .accepted),
        Rule("§6.5.2 INITIAL_WINDOW_SIZE of 2,147,483,648", settings((4, 0x8000_0000)), is: flow),
        Rule("§6.5.2 INITIAL_WINDOW_SIZE of 4,294,967,295", settings((4, .max)), is: flow),
        Rule("§6.5.2 MAX_FRAME_SIZE of 16,384", settings((5, 16_384)), is: .accepted),
        Rule("§6.5.2 MAX_FRAME_SIZE of 16,383", settings((5, 16_383)), is: broken),
        Rule("§6.5.2 MAX_FRAME_SIZE of 16,777,215", settings((5, 0xFF_FFFF)), is: .accepted),
        Rule("§6.5.2 MAX_FRAME_SIZE of 16,777,216", settings((5, 0x100_0000)), is: broken),
        Rule("§6.5.2 MAX_HEADER_LIST_SIZE of 0: advisory", settings((6, 0)), is: .accepted),
        Rule("RFC 8441 §3 ENABLE_CONNECT_PROTOCOL of 2", settings((8, 2)), is: broken),
        Rule("RFC 9218 §2.1 NO_RFC7540_PRIORITIES of 2", settings((9, 2)), is: broken),
        Rule("RFC 9218 §2.1 NO_RFC7540_PRIORITIES that changes", settings((9, 1)) + settings((9, 0)), is: broken),
        Rule(
            "§6.5.3 of two values of one entry the last one holds",
            [
                .send(settings((4, 100), (4, 1)) + get(3, "/nowhere")), .wait(.seconds(1)),
            ], .accepted, [.that("DATA of one byte") { $0.peer[3].dataFrames.first == 1 }]),
        Rule("§6.5.3 a wrong value that another one follows", settings((5, 1), (5, 16_384)), is: broken),
        Rule("§6.5.3 a wrong window that another one follows", settings((4, .max), (4, 65_535)), is: flow),
        Rule("§6.5.2 a wrong value in the preface", RawFrame.preface + settings((2, 7)), is: broken, isBare: true),
        Rule(
            "§10.5 32 entries are taken",
            frame(Type.settings, Bytes((0..<32).map { _ in [0, 3, 0, 0, 0, 9] }.joined())),
            is: .accepted),
        Rule(
            "§10.5 33 entries are too many",
            frame(Type.settings, Bytes((0..<33).map { _ in [0, 3, 0, 0, 0, 9] }.joined())),
            is: .connectionError(.enhanceYourCalm)),
        Rule(
            "§6.9.2 a new initial size that makes a stream's window too large",
            talk(3) + windowUpdate(3, 0x7FFF_0000) + settings((4, 0x7FFF_FFFF)), is: flow),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }
}

@Suite("RFC 9113 §6.9: flow control")
struct FlowControlTests {
    private static let broken = Rule.Outcome.connectionError(.protocolError)
    private static let wrongSize = Rule.Outcome.connectionError(.frameSizeError)
    private static let flow = Rule.Outcome.connectionError(.flowControlError)

    static let rules = [
        Rule("§6.9 WINDOW_UPDATE of 0 on the connection", windowUpdate(0, 0), is: broken),
        Rule("§6.9 WINDOW_UPDATE of 0 on a stream", talk(3) + windowUpdate(3, 0), is: .streamError(3, .protocolError)),
        Rule(
            "§6.9 WINDOW_UPDATE of 0 on a half-closed stream", talk(3, ends: true) + windowUpdate(3, 0),
            is: .streamError(3, .protocolError)),
        Rule(
            "§6.9 WINDOW_UPDATE of 0 on a closed stream", talk(3) + reset(3) + windowUpdate(3, 0),
            is: .streamError(3, .protocolError)),
        Rule("§6.9 WINDOW_UPDATE of 3 bytes", frame(Type.windowUpdate, zeros(3)), is: wrongSize),
        Rule("§6.9 WINDOW_UPDATE of 5 bytes", talk(3) + frame(Type.windowUpdate, stream: 3, zeros(5)), is: wrongSize),
        Rule("§6.9 WINDOW_UPDATE of no bytes", frame(Type.windowUpdate), is: wrongSize),
        Rule("§6.9.1 the connection's window may be 2,147,483,647", windowUpdate(0, 0x7FFF_0000), is: .accepted),
        Rule("§6.9.1 the connection's window above that", windowUpdate(0, 0x7FFF_FFFF), is: flow),
        Rule(
            "§6.9.1 the connection's window above that, in two steps",
            windowUpdate(0, 0x7FFF_0000) + windowUpdate(0, 1),
            is: flow),
        Rule(
            "§6.9.1 a stream's window above that", talk(3) + windowUpdate(3, 0x7FFF_FFFF),
            is: .streamError(3, .flowControlError)),
        Rule(
            "§6.9.1 a stream's window above that, in two steps",
            talk(3) + windowUpdate(3, 0x7FFF_0000) + windowUpdate(3, 1), is: .streamError(3, .flowControlError)),
        Rule(
            "§6.9 DATA beyond the stream's window",
            [
                .send(talk(3))
            ] + (0..<5).map { _ in .send(data(3, zeros(16_384))) }, .streamError(3, .flowControlError)),
        Rule(
            "§6.9.1 DATA keep to a window of one byte",
            [
                .send(settings((4, 1)) + get(3, "/nowhere")), .wait(.seconds(1)), .send(windowUpdate(3, 1)),
                .wait(.seconds(1)),
            ], .accepted, [.dataFrames([1, 1], on: 3)]),
        Rule(
            "§6.9.1 DATA wait for a window of 0, HEADERS do not", [.send(settings((4, 0)) + get(3, "/nowhere"))],
            .accepted,
            [.dataFrames([], on: 3), .that("fields") { $0.peer[3].sections.count == 1 }]),
        Rule(
            "§6.9.2 a new initial size opens windows that are closed",
            [
                .send(settings((4, 0)) + get(3, "/nowhere")), .send(settings((4, 1))), .wait(.seconds(1)),
            ], .accepted, [.dataFrames([1], on: 3)]),
        Rule(
            "§6.9.2 a window that has become negative is kept to",
            [
                .send(settings((4, 3)) + get(3, "/nowhere")), .wait(.seconds(1)), .send(settings((4, 2))),
                .send(windowUpdate(3, 1)), .wait(.seconds(1)), .send(windowUpdate(3, 1)), .wait(.seconds(1)),
            ], .accepted, [.dataFrames([3, 1], on: 3)]),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }

    @Test("§6.9.2 a new initial size is not for the connection's window")
    func connectionWindow() throws {
        let exchange = try Exchange()
        exchange.send(RawFrame.preface + settings((4, 1 << 20)) + talk(1, ends: true))
        #expect(exchange.answer(1, bytes: 65_529, ends: false))
        #expect(!exchange.answer(1, bytes: 1, ends: false), "a byte is left for a message of six")
        #expect(exchange.peer[1].dataBytes == 65_534)
        exchange.send(settings((4, 1 << 24)))
        #expect(!exchange.answer(1, bytes: 1, ends: false))
        exchange.send(windowUpdate(1, 60_000) + windowUpdate(0, 60_000))
        #expect(exchange.answer(1, bytes: 1, ends: true))
        #expect(exchange.peer[1].dataBytes == 65_540)
        #expect(exchange.peer[1].status == "0")
    }

    @Test("§6.9.1 DATA beyond the connection's window end the connection")
    func beyond() throws {
        let exchange = try Exchange { $0.settings.connectionReceiveWindowBytes = 65_535 }
        exchange.send(RawFrame.preface + settings() + talk(1) + talk(3))
        // One read, so that no credit can go back in between.
        exchange.send(Bytes((0..<5).map { index in data(index < 3 ? 1 : 3, zeros(16_384)) }.joined()))
        #expect(exchange.goAways == [.flowControlError])
        #expect(exchange.closes == 1)
    }
}
