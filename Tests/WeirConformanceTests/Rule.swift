// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirTesting

/// One rule of the protocol: what a client sends, and exactly what must come of it.
struct Rule: CustomTestStringConvertible, Sendable {
    /// What happens, in order.
    enum Step: Sendable {
        /// The client sends bytes.
        case send(Bytes)
        /// The handler of a stream sends a message of this size, or none, and returns if it `ends`.
        case answer(Int32, bytes: Int? = 1, ends: Bool = true)
        /// The handler of a stream fails: the server's side ends, and the stream is reset if the request is open.
        case fail(Int32)
        /// Time passes.
        case wait(Duration)
    }

    /// What must come of it.
    enum Outcome: Sendable {
        /// One GOAWAY with one of these codes, nothing behind it, and the connection is closed.
        case connectionError(HTTP2ErrorCode, or: HTTP2ErrorCode? = nil)
        /// The connection is closed; there may be no GOAWAY, for the peer speaks something else (RFC 9113 §3.4).
        case closed
        /// One RST_STREAM with this code on this stream and on no other; the connection and its other streams live.
        case streamError(Int32, HTTP2ErrorCode, or: HTTP2ErrorCode? = nil)
        /// As a stream error, for several streams.
        case streamErrors([Int32: HTTP2ErrorCode])
        /// No stream is reset, and the connection and its streams live.
        case accepted
        /// As accepted, but these streams are reset by the server with NO_ERROR.
        case ended(Int32)
    }

    /// The section, and the rule in a few words.
    let name: String
    let steps: [Step]
    let outcome: Outcome
    /// What else must hold, by name.
    var checks: [Check] = []
    /// Whether the client begins by hand, without preface, SETTINGS and the sibling on stream 1.
    var isBare = false
    /// The limit on streams; nil: the server's default.
    var streams: Int?

    /// Something else that must hold at the end.
    struct Check: Sendable {
        let what: String
        let holds: @Sendable (Exchange) -> Bool
    }

    var testDescription: String { name }

    init(
        _ name: String, _ steps: [Step], _ outcome: Outcome, _ checks: [Check] = [], isBare: Bool = false,
        streams: Int? = nil
    ) {
        self.name = name
        self.steps = steps
        self.outcome = outcome
        self.checks = checks
        self.isBare = isBare
        self.streams = streams
    }

    /// A rule of which the client's bytes are all there is to it.
    init(_ name: String, _ bytes: Bytes..., is outcome: Outcome, _ checks: Check..., isBare: Bool = false) {
        self.init(name, bytes.map { .send($0) }, outcome, checks, isBare: isBare)
    }
}

extension Rule.Check {
    /// A field of the last field section on a stream.
    static func field(_ name: String, _ value: String, on stream: Int32) -> Self {
        Self(what: "\(name) is \(value) on stream \(stream)") { $0.peer[stream].sections.last?[name] == value }
    }

    /// A handler was started for a stream, or was not.
    static func handler(_ stream: Int32, starts: Bool = true) -> Self {
        Self(what: "stream \(stream) has \(starts ? "a" : "no") handler") { ($0.calls[stream] != nil) == starts }
    }

    /// The payload sizes of a stream's DATA frames.
    static func dataFrames(_ sizes: [Int], on stream: Int32) -> Self {
        Self(what: "DATA of \(sizes) bytes on stream \(stream)") { $0.peer[stream].dataFrames == sizes }
    }

    /// How many frames of a kind were received, counted from the start.
    static func count(_ kind: RawFrame.Kind, _ number: Int) -> Self {
        Self(what: "\(number) frames \(kind)") { $0.peer.count(kind) == number }
    }

    static func that(_ what: String, _ holds: @escaping @Sendable (Exchange) -> Bool) -> Self {
        Self(what: what, holds: holds)
    }
}

// MARK: - Running

extension Rule {
    /// How the client's bytes reach the server: the outcome must not depend on it.
    enum Delivery: CaseIterable {
        /// All bytes of a step at once.
        case whole
        /// One byte at a time, or, where that would take long, a few hundred.
        case bytes
        /// In pieces of seven bytes, which cut frame headers and payloads anywhere.
        case sevens

        func pieces(_ bytes: Bytes) -> [ArraySlice<UInt8>] {
            let step =
                switch self {
                case .whole: max(1, bytes.count)
                case .bytes: bytes.count > 4_096 ? 251 : 1
                case .sevens: bytes.count > 4_096 ? 1_021 : 7
                }
            return stride(from: 0, to: bytes.count, by: step).map { bytes[$0..<min($0 + step, bytes.count)] }
        }
    }

    /// The stream that is open before anything happens and must still work in the end.
    static let sibling: Int32 = 1
    /// The stream of the request that is made in the end.
    static let probe: UInt32 = 1_000_001

    func verify() throws {
        for delivery in Delivery.allCases { try verify(delivery) }
    }

    private func verify(_ delivery: Delivery) throws {
        let exchange = try Exchange { configuration in
            if let streams { configuration.settings.maxConcurrentStreams = streams }
        }
        exchange.pump()
        if !isBare {
            exchange.send(RawFrame.preface + settings() + frame(Type.settings, flags: Flag.acknowledge) + talk(1))
        }
        for step in steps {
            switch step {
            case .send(let bytes): for piece in delivery.pieces(bytes) { exchange.send(piece) }
            case .answer(let stream, let bytes, let ends):
                #expect(
                    exchange.answer(stream, bytes: bytes, ends: ends), "stream \(stream) cannot answer: \(delivery)")
            case .fail(let stream): exchange.fail(stream)
            case .wait(let duration): exchange.pass(duration)
            }
        }
        #expect(exchange.isUnderstood, "the server wrote what is no frame: \(delivery)")
        for check in checks { #expect(check.holds(exchange), "\(check.what): \(delivery)") }
        switch outcome {
        case .connectionError(let code, let other):
            #expect(exchange.goAways == [code] || exchange.goAways == [other ?? code], "\(delivery)")
            #expect(exchange.peer.frames.last?.kind == .goAway, "GOAWAY is the last frame: \(delivery)")
            #expect(exchange.closes == 1, "\(delivery)")
        case .closed:
            #expect(exchange.closes == 1, "\(delivery)")
            #expect(exchange.goAways.isEmpty || exchange.goAways == [.protocolError], "\(delivery)")
        case .streamError(let stream, let code, let other):
            let isOther = other != nil && exchange.resets(stream) == [other ?? code]
            expectResets([stream: isOther ? other ?? code : code], exchange, delivery)
        case .streamErrors(let codes): expectResets(codes, exchange, delivery)
        case .accepted:
            #expect(exchange.resetStreams == [], "\(delivery)")
            expectLife(exchange, delivery)
        case .ended(let stream): expectResets([stream: .noError], exchange, delivery)
        }
    }

    private func expectResets(_ codes: [Int32: HTTP2ErrorCode], _ exchange: Exchange, _ delivery: Delivery) {
        for (stream, code) in codes { #expect(exchange.resets(stream) == [code], "\(delivery)") }
        #expect(exchange.resetStreams == Set(codes.keys), "\(delivery)")
        expectLife(exchange, delivery)
    }

    /// The connection is as good as new: a stream that was open works on, and new requests are served.
    private func expectLife(_ exchange: Exchange, _ delivery: Delivery) {
        #expect(exchange.goAways.isEmpty, "\(delivery)")
        #expect(exchange.closes == 0, "\(delivery)")
        let pings = exchange.peer.frames.filter { $0.kind == .ping && $0.isAcknowledgement }.count
        exchange.send(frame(Type.ping, [8, 7, 6, 5, 4, 3, 2, 1]))
        let answers = exchange.peer.frames.filter { $0.kind == .ping && $0.isAcknowledgement }
        #expect(answers.count == pings + 1 && answers.last?.payload == [8, 7, 6, 5, 4, 3, 2, 1], "\(delivery)")
        guard !isBare else { return }
        // Windows that the rule has shrunk are opened, so that the streams can show that they live.
        exchange.send(settings((4, 65_535)))
        #expect(exchange.answer(Self.sibling, bytes: 10, ends: true), "the sibling does not live: \(delivery)")
        #expect(exchange.peer[Self.sibling].status == "0", "\(delivery)")
        exchange.send(talk(Self.probe, ends: true))
        #expect(exchange.answer(Int32(Self.probe), bytes: 10, ends: true), "no new stream: \(delivery)")
        #expect(exchange.peer[Int32(Self.probe)].status == "0", "\(delivery)")
    }
}
