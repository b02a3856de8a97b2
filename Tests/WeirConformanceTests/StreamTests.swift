// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirTesting

@Suite("RFC 9113 §5.1: stream states")
struct StreamStateTests {
    private static let trailers = block([("x-trailer", "1")])
    private static let connection = Rule.Outcome.connectionError(.protocolError)
    /// Ends a stream in the proper way, on both sides.
    private static let closed: [Rule.Step] = [.send(talk(3, ends: true)), .answer(3)]
    private static let late: [Rule.Step] = [.send(talk(3)), .fail(3)]

    static let idle = [
        Rule("idle: DATA", data(3), is: connection),
        Rule("idle: RST_STREAM", reset(3), is: connection),
        Rule("idle: WINDOW_UPDATE", windowUpdate(3, 1), is: connection),
        Rule("idle: WINDOW_UPDATE of 0", windowUpdate(3, 0), is: connection),
        Rule("idle: CONTINUATION", continuation(3), is: connection),
        Rule("idle: PUSH_PROMISE", frame(Type.push, flags: Flag.endHeaders, stream: 3, number(2)), is: connection),
        Rule("idle: PRIORITY is allowed", priority(3) + priority(99), is: .accepted),
        Rule("idle: HEADERS open it", talk(3), is: .accepted, .handler(3)),
    ]

    static let open = [
        Rule(
            "open: every frame is allowed",
            talk(3) + data(3) + priority(3) + windowUpdate(3, 1) + data(3, []) + headers(3, trailers), is: .accepted),
        Rule("open: RST_STREAM ends it", talk(3) + reset(3), is: .accepted),
    ]

    static let halfClosed = [
        Rule("half-closed (remote): DATA", talk(3, ends: true) + data(3), is: .streamError(3, .streamClosed)),
        Rule(
            "half-closed (remote): DATA behind DATA with END_STREAM", talk(3) + data(3, message, ends: true) + data(3),
            is: .streamError(3, .streamClosed)),
        Rule("half-closed (remote): empty DATA", talk(3, ends: true) + data(3, []), is: .streamError(3, .streamClosed)),
        Rule(
            "half-closed (remote): DATA with END_STREAM", talk(3, ends: true) + data(3, ends: true),
            is: .streamError(3, .streamClosed)),
        Rule(
            "half-closed (remote): HEADERS", talk(3, ends: true) + headers(3, trailers),
            is: .streamError(3, .streamClosed)),
        Rule(
            "half-closed (remote): HEADERS behind trailers", talk(3) + headers(3, trailers) + headers(3, trailers),
            is: .streamError(3, .streamClosed)),
        Rule(
            "half-closed (remote): HEADERS change the table of fields all the same",
            talk(3, ends: true) + headers(3, indexing("x-later", "1")) + headers(5, block(call()) + indexed(62)),
            is: .streamError(3, .streamClosed), .handler(5)),
        Rule(
            "half-closed (remote): HEADERS in parts",
            talk(3, ends: true) + headers(3, [], flags: 0) + continuation(3, trailers),
            is: .streamError(3, .streamClosed)),
        Rule("half-closed (remote): CONTINUATION", talk(3, ends: true) + continuation(3, trailers), is: connection),
        Rule(
            "half-closed (remote): WINDOW_UPDATE, PRIORITY and RST_STREAM are allowed",
            talk(3, ends: true) + windowUpdate(3, 1) + priority(3) + reset(3), is: .accepted),
    ]

    static let closedByBoth = [
        Rule("closed: DATA", closed + [.send(data(3))], .connectionError(.streamClosed)),
        Rule("closed: HEADERS", closed + [.send(headers(3, block(call())))], .connectionError(.streamClosed)),
        Rule("closed: CONTINUATION", closed + [.send(continuation(3))], connection),
        Rule(
            "closed: WINDOW_UPDATE, RST_STREAM and PRIORITY are let pass",
            closed + [.send(windowUpdate(3, 1) + reset(3) + priority(3))], .accepted),
    ]

    static let closedByPeer = [
        Rule(
            "closed by the client's RST_STREAM: DATA", talk(3) + reset(3) + data(3), is: .streamError(3, .streamClosed)),
        Rule(
            "closed by the client's RST_STREAM: HEADERS", talk(3) + reset(3) + headers(3, trailers),
            is: .streamError(3, .streamClosed)),
        Rule(
            "closed by the client's RST_STREAM: HEADERS change the table of fields all the same",
            talk(3) + reset(3) + headers(3, indexing("x-later", "1")) + headers(5, block(call()) + indexed(62)),
            is: .streamError(3, .streamClosed), .handler(5)),
        Rule("closed by the client's RST_STREAM: CONTINUATION", talk(3) + reset(3) + continuation(3), is: connection),
        Rule(
            "closed by the client's RST_STREAM: WINDOW_UPDATE and PRIORITY are let pass",
            talk(3) + reset(3) + windowUpdate(3, 1) + priority(3), is: .accepted),
    ]

    static let closedByServer = [
        Rule(
            "closed by the server's RST_STREAM: what was on its way is ignored",
            late + [.send(data(3) + windowUpdate(3, 1) + priority(3) + headers(3, trailers))], .ended(3)),
        Rule("closed by the server's RST_STREAM: so is RST_STREAM", late + [.send(data(3) + reset(3))], .ended(3)),
        Rule(
            "closed by the server's RST_STREAM: but not what comes behind END_STREAM",
            late + [.send(data(3, ends: true) + data(3))], .connectionError(.streamClosed)),
        Rule(
            "§6.9 closed by the server's RST_STREAM: DATA count on the connection, and their credit goes back",
            late + (0..<8).map { _ in .send(data(3, zeros(16_384))) }, .ended(3),
            [.that("credit for all of it") { $0.peer.credit[0, default: 0] >= 8 * 16_384 - 65_535 }]),
    ]

    @Test(arguments: idle + open + halfClosed + closedByBoth + closedByPeer + closedByServer)
    func rule(_ rule: Rule) throws { try rule.verify() }
}

@Suite("RFC 9113 §5.1.1: stream identifiers")
struct StreamIdentifierTests {
    private static let broken = Rule.Outcome.connectionError(.protocolError)

    static let rules = [
        Rule("§5.1.1 a client's stream has no even number", talk(2), is: broken, .handler(2, starts: false)),
        Rule("§5.1.1 nor a higher even one", talk(3) + talk(4), is: broken),
        Rule("§5.1.1 numbers may be passed over", talk(3) + talk(9) + talk(101), is: .accepted, .handler(101)),
        Rule("§5.1.1 a number below one that was used", talk(5) + talk(3), is: broken, .handler(3, starts: false)),
        Rule("§5.1.1 a number below one that was used, after that has ended", talk(9) + reset(9) + talk(7), is: broken),
        Rule("§5.1.1 DATA on a number that was passed over", talk(5) + data(3), is: .connectionError(.streamClosed)),
        Rule(
            "§5.1.1 RST_STREAM and PRIORITY on one that was passed over", talk(5) + reset(3) + priority(3),
            is: .accepted),
        Rule(
            "§5.1.1 a number that was used before", [.send(talk(3, ends: true)), .answer(3), .send(talk(3))],
            .connectionError(.streamClosed)),
        Rule("§6.2 HEADERS on stream 0", headers(0, block(call())), is: broken),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }

    @Test("§5.1.1 the highest number of all is a stream as any other")
    func highest() throws {
        let exchange = try Exchange()
        exchange.send(RawFrame.preface + settings() + talk(0x7FFF_FFFF, ends: true))
        #expect(exchange.answer(.max, bytes: 1, ends: true))
        #expect(exchange.peer[.max].status == "0")
    }

    @Test("streams that only the peer holds open are forgotten in time, and what comes on them is ignored")
    func forgotten() throws {
        let exchange = try Exchange { $0.settings.maxConcurrentStreams = 4 }
        exchange.send(RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge) + talk(1))
        for index in 1...400 {
            let stream = UInt32(2 * index + 1)
            exchange.send(talk(stream))
            exchange.fail(Int32(stream))
            exchange.pass(.seconds(1))
        }
        for index in 1...400 { exchange.send(data(UInt32(2 * index + 1), ends: true)) }
        exchange.send(data(3))
        #expect(exchange.goAways.isEmpty)
        #expect(exchange.answer(1, bytes: 1, ends: true))
    }
}

@Suite("RFC 9113 §5.1.2, §5.3: concurrency and priorities")
struct ConcurrencyTests {
    static let rules = [
        Rule(
            "§5.1.2 one stream too many is refused, and the others live", [.send(talk(3) + talk(5))],
            .streamError(5, .refusedStream), [.handler(5, starts: false)], streams: 2),
        Rule(
            "§5.1.2 what else comes on it is ignored",
            [.send(talk(3) + talk(5) + data(5, zeros(16_384)) + windowUpdate(5, 1) + data(5, ends: true))],
            .streamError(5, .refusedStream), streams: 2),
        Rule(
            "§5.1.2 its fields change the table all the same",
            [
                .send(talk(3) + headers(5, block(call()) + indexing("x-kept", "1"), ends: false) + reset(3)),
                .send(headers(7, block(call()) + indexed(62))),
            ], .streamError(5, .refusedStream), [.handler(7)], streams: 2),
        Rule(
            "§5.1.2 a stream that ended makes room",
            [.send(talk(3, ends: true)), .answer(3), .send(talk(5))], .accepted, [.handler(5)], streams: 2),
        Rule(
            "§5.1.2 idle streams do not count", [.send(priority(9) + priority(11) + talk(13))], .accepted,
            [.handler(13)], streams: 2),
        Rule(
            "§5.3 HEADERS with a priority",
            headers(
                3, number(0x8000_0000) + [200] + block(call()), flags: Flag.endHeaders | Flag.priority), is: .accepted,
            .handler(3)),
        Rule(
            "§5.3 PRIORITY for another weight and parent", talk(3) + priority(3, on: 1) + priority(1, on: 0x8000_0003),
            is: .accepted),
        Rule(
            "RFC 7540 §5.3.1 HEADERS that depend on themselves",
            headers(
                3, number(3) + [15] + block(call()), flags: Flag.endHeaders | Flag.priority),
            is: .connectionError(.protocolError)),
        Rule(
            "RFC 7540 §5.3.1 PRIORITY of an open stream on itself", talk(3) + priority(3, on: 3),
            is: .streamError(3, .protocolError)),
        Rule(
            "RFC 7540 §5.3.1 PRIORITY of an open stream on itself, exclusively", talk(3) + priority(3, on: 0x8000_0003),
            is: .streamError(3, .protocolError)),
        Rule(
            "RFC 7540 §5.3.1 PRIORITY of an idle stream on itself", priority(3, on: 3),
            is: .connectionError(.protocolError)),
        Rule(
            "RFC 9218 §7.1 PRIORITY_UPDATE does no harm",
            frame(0x10, number(3) + Bytes("u=0, i".utf8)) + frame(0x10, number(0)) + talk(3), is: .accepted, .handler(3)
        ),
        Rule(
            "RFC 9218 §5 a priority field does no harm", headers(3, block(call("Talk", [("priority", "u=9, ?")]))),
            is: .accepted, .handler(3)),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }

    @Test("§5.1.2 a client that does not know the limit yet has streams refused, however many, and stays")
    func unacknowledged() throws {
        let exchange = try Exchange { $0.settings.maxConcurrentStreams = 10 }
        exchange.send(RawFrame.preface + settings())
        for index in 0..<300 { exchange.send(talk(UInt32(2 * index + 1))) }
        #expect(exchange.resetStreams.count == 290)
        #expect(exchange.closes == 0)
        #expect(exchange.answer(1, bytes: 1, ends: true))
    }

    @Test("§5.1.2 a client that knows the limit and takes no notice is told to calm down")
    func acknowledged() throws {
        let exchange = try Exchange { $0.settings.maxConcurrentStreams = 10 }
        exchange.send(RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge))
        for index in 0..<300 { exchange.send(talk(UInt32(2 * index + 1))) }
        #expect(exchange.goAways == [.enhanceYourCalm])
        #expect((100...101).contains(exchange.resetStreams.count))
    }
}
