// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirTesting

@Suite("RFC 9113 §3.4: the connection preface")
struct PrefaceTests {
    private static let acknowledged = Rule.Check.that("SETTINGS are acknowledged once") { exchange in
        exchange.peer.frames.filter { $0.kind == .settings && $0.isAcknowledgement }.count == 1
    }

    static let rules = [
        Rule(
            "the server begins with SETTINGS, whatever the client does", [], .accepted,
            [
                .that("SETTINGS are the first frame") { $0.peer.frames.first?.kind == .settings },
                .that("they are no acknowledgement") { $0.peer.frames.first?.isAcknowledgement == false },
                .that("they are on stream 0") { $0.peer.frames.first?.stream == 0 },
            ]),
        Rule(
            "an empty SETTINGS frame completes the preface", RawFrame.preface + settings(), is: .accepted, acknowledged,
            isBare: true),
        Rule(
            "a request may follow at once, ahead of the server's SETTINGS", RawFrame.preface + settings() + talk(1),
            is: .accepted, .handler(1), acknowledged, isBare: true),
        Rule("the first frame is PING", RawFrame.preface + ping, is: .connectionError(.protocolError), isBare: true),
        Rule(
            "the first frame is HEADERS", RawFrame.preface + talk(1), is: .connectionError(.protocolError),
            .handler(1, starts: false), isBare: true),
        Rule(
            "the first frame is WINDOW_UPDATE", RawFrame.preface + windowUpdate(0, 1),
            is: .connectionError(.protocolError), isBare: true),
        Rule(
            "the first frame is of an unknown type", RawFrame.preface + frame(Type.unknown),
            is: .connectionError(.protocolError), isBare: true),
        Rule(
            "the first frame acknowledges SETTINGS", RawFrame.preface + frame(Type.settings, flags: Flag.acknowledge),
            is: .connectionError(.protocolError), isBare: true),
        Rule(
            "the preface is wrong in its last byte", Bytes(RawFrame.preface.dropLast()) + [0x0B] + settings(),
            is: .closed, isBare: true),
        Rule(
            "the preface is wrong in its first byte", [0x51] + Bytes(RawFrame.preface.dropFirst()) + settings(),
            is: .closed, isBare: true),
        Rule(
            "frames without a preface", settings() + talk(1) + talk(3), is: .closed, .handler(1, starts: false),
            isBare: true),
        Rule(
            "the preface comes twice", RawFrame.preface + settings() + RawFrame.preface,
            is: .connectionError(.frameSizeError), isBare: true),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }
}

@Suite("RFC 9113 §6.5.2: what the server announces")
struct AnnouncementTests {
    @Test(
        "its limit on streams, its windows, its limit on fields, and nothing that has no name",
        arguments: [1, 100, 1000])
    func announced(streams: Int) throws {
        let exchange = try Exchange { $0.settings.maxConcurrentStreams = streams }
        exchange.send(RawFrame.preface + settings())
        let announced = exchange.announced
        #expect(announced[3] == UInt32(streams))
        #expect(announced[4].map { $0 <= 0x7FFF_FFFF } == true)
        #expect(announced[6] != nil)
        #expect(announced[9] == 1, "RFC 9218 §2.1: priorities of RFC 7540 are not used")
        #expect(announced[2] ?? 0 == 0, "a server does not offer to be pushed to")
        #expect(announced.keys.allSatisfy { [3, 4, 6, 9].contains($0) })
    }
}

@Suite("RFC 9113 §5.4: errors")
struct ErrorTests {
    private static let broken = frame(Type.ping, [1, 2, 3])

    static let rules = [
        Rule(
            "§5.4.1 behind a connection error nothing is read", broken + talk(3) + ping + reset(99),
            is: .connectionError(.frameSizeError), .handler(3, starts: false), .count(.ping, 0)),
        Rule(
            "§5.4.1 GOAWAY names the last stream that was begun", talk(3) + talk(7) + broken,
            is: .connectionError(.frameSizeError),
            .that("the last stream is 7") { $0.peer.frames.last.map { Bytes($0.payload.prefix(4)) } == number(7) }),
        Rule(
            "§5.4.1 what arrived before the error was answered", [.send(ping), .send(broken)],
            .connectionError(.frameSizeError), [.count(.ping, 1)]),
        Rule("§5.4.2 RST_STREAM is not answered with RST_STREAM", talk(3) + reset(3) + reset(3), is: .accepted),
        Rule(
            "§5.4.2 a stream is reset once, however often its peer breaks the rules",
            talk(3, ends: true) + data(3) + data(3) + data(3) + headers(3, block([("a", "b")])),
            is: .streamError(3, .streamClosed)),
        Rule(
            "§5.4.2 two streams are reset, each for itself",
            talk(3, ends: true) + talk(5, ends: true) + data(3) + windowUpdate(5, 0),
            is: .streamErrors([3: .streamClosed, 5: .protocolError])),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }

    @Test(
        "§10.5 a peer that has streams reset without end is told to calm down",
        arguments: ["DATA", "WINDOW_UPDATE", "trailers"])
    func provoked(kind: String) throws {
        let exchange = try Exchange()
        exchange.send(RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge))
        var stream: UInt32 = 1
        while exchange.closes == 0, stream < 2_000 {
            exchange.send(talk(stream, ends: kind == "DATA"))
            switch kind {
            case "DATA": exchange.send(data(stream))
            case "WINDOW_UPDATE": exchange.send(windowUpdate(stream, 0))
            default: exchange.send(headers(stream, block([(":path", "/")])))
            }
            stream += 2
        }
        #expect(exchange.goAways == [.enhanceYourCalm])
        #expect(exchange.closes == 1)
        // A hundred at once, and the one that was too many.
        #expect((100...102).contains(Int(stream) / 2), "\(stream / 2) streams")
    }

    @Test("§10.5 ten such resets a second are let pass")
    func tenASecond() throws {
        let exchange = try Exchange()
        exchange.send(RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge))
        for index in 0..<400 {
            let stream = UInt32(2 * index + 1)
            exchange.send(talk(stream, ends: true) + data(stream))
            exchange.pass(.milliseconds(101))
        }
        #expect(exchange.closes == 0)
        #expect(exchange.resetStreams.count == 400)
    }

    @Test("§10.5 acknowledgements that pile up within one read end the connection with ENHANCE_YOUR_CALM")
    func flood() throws {
        let exchange = try Exchange()
        exchange.send(RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge))
        exchange.send(Bytes((0..<3_000).map { _ in ping }.joined()))
        #expect(exchange.goAways == [.enhanceYourCalm])
        #expect(exchange.closes == 1)
        #expect(exchange.isUnderstood)
    }
}

@Suite("RFC 9113 §7: error codes that nobody has defined")
struct ErrorCodeTests {
    static let rules = [
        Rule(
            "§7 RST_STREAM with an unknown code ends the stream as any other", talk(3) + reset(3, code: 0xFFFF_FFFF),
            is: .accepted),
        Rule("§7 RST_STREAM with NO_ERROR", talk(3) + reset(3, code: 0), is: .accepted),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule) throws { try rule.verify() }
}
