// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: the handshake's deadline")
struct HandshakeDeadlineTests {
    private let almost = Duration.seconds(10) - .nanoseconds(1)

    @Test("a connection on which nothing arrives is closed at the deadline, not before, and told why")
    func silent() throws {
        let rig = try ServerRig()
        rig.pump()
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        #expect(rig.goAways.isEmpty)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.map(\.code) == [.protocolError])
        #expect(rig.goAways.first?.text.contains("preface did not arrive whole within 10s") == true)
        #expect(rig.inputTimeouts.count == 1)
        #expect(rig.connection.nextDeadline == nil)
        #expect(rig.aborted == 0)
    }

    @Test("bytes that trickle in do not extend it", arguments: [1, 24, 25, 32])
    func dribble(bytes: Int) throws {
        let rig = try ServerRig()
        let handshake = RawFrame.preface + RawFrame.settings().bytes
        for byte in handshake.prefix(bytes) {
            rig.feed([byte])
            rig.advance(by: .milliseconds(300))
        }
        #expect(rig.closed == 0)
        rig.advance(to: MonotonicInstant(nanoseconds: 0) + almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.first?.text.contains(bytes < 24 ? "preface" : "SETTINGS") == true)
        // What still comes is too late for anything.
        rig.feed(Array(handshake.dropFirst(bytes)) + ServerRig.request("/test.Echo/Get", stream: 1))
        #expect(rig.calls.isEmpty)
        #expect(rig.closed == 1)
    }

    @Test("SETTINGS with their entries missing are not there yet")
    func settingsPayload() throws {
        let rig = try ServerRig()
        rig.feed(Array((RawFrame.preface + RawFrame.initialWindow(5).bytes).dropLast()))
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.map(\.code) == [.protocolError])
    }

    @Test("SETTINGS that are not acknowledged end the connection with SETTINGS_TIMEOUT, its calls too")
    func acknowledgement() throws {
        let rig = try ServerRig()
        rig.advance(by: .seconds(9))
        rig.feed(RawFrame.preface + RawFrame.initialWindow(100).bytes)
        let sender = rig.stream(try #require(rig.openList()), [1_000])
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.goAways.map(\.code) == [.settingsTimeout])
        #expect(rig.goAways.first?.text == "SETTINGS were not acknowledged within 10s")
        #expect(rig.closed == 1)
        #expect(rig.cancelled == [1])
        #expect(sender.resumes.allSatisfy { $0 == 1 })
        #expect(rig.holdsNothing)
    }

    @Test("the last byte of each part just in time is enough, and then nothing is timed any more")
    func justInTime() throws {
        let rig = try ServerRig()
        rig.feed(RawFrame.preface + RawFrame.settings().bytes.dropLast())
        rig.advance(by: almost)
        rig.feed([0])
        rig.advance(by: almost)
        rig.feed(.settingsAcknowledgement)
        #expect(rig.connection.nextDeadline == nil)
        rig.advance(by: .seconds(100_000))
        #expect(rig.closed == 0)
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1))
        #expect(rig.requests[1] == [1, 2, 3])
    }

    @Test("only the first SETTINGS are timed: later ones may stand behind much that a slow reader has to read first")
    func laterSettings() throws {
        let rig = try ServerRig()
        rig.connect()
        let receiver = Receiver(try #require(rig.openTalk()))
        while rig.peer.count(.settings) < 3 {
            for _ in 0..<15 {
                rig.feed(.data(ServerRig.framed(4_091), stream: 1))
                rig.ask(receiver)
            }
            rig.now = rig.now + .milliseconds(10)
            let ping = (0..<8).map { UInt8(truncatingIfNeeded: HTTP2Ping.bandwidth.rawValue >> (56 - 8 * $0)) }
            rig.feed(.ping(ping, acknowledge: true))
            try #require(rig.now < MonotonicInstant(nanoseconds: 1_000_000_000))
        }
        rig.advance(by: .seconds(1_000))
        #expect(rig.closed == 0)
        #expect(rig.inputTimeouts.isEmpty)
    }

    @Test("a peer that takes nothing cannot be told, and is cut off at once")
    func deaf() throws {
        let rig = try ServerRig()
        rig.socketIsOpen = false
        rig.feed(RawFrame.preface + RawFrame.settings().bytes)
        rig.advance(by: .seconds(10))
        #expect(rig.aborted == 1)
        #expect(rig.closed == 0)
        #expect(rig.inputTimeouts.map(\.code) == [.settingsTimeout])
    }

    @Test("the deadline is what was set")
    func setting() throws {
        let rig = try ServerRig { $0.handshakeDeadline = .milliseconds(1_500) }
        rig.advance(by: .milliseconds(1_499))
        #expect(rig.closed == 0)
        rig.advance(by: .milliseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.first?.text.contains("1.5s") == true)
    }
}

extension ServerRig {
    /// The GOAWAY frames that the peer received (RFC 9113 §6.8).
    var goAways: [(code: HTTP2ErrorCode, text: String)] {
        peer.frames.filter { $0.kind == .goAway }.map { frame in
            let code = frame.payload.dropFirst(4).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            return (HTTP2ErrorCode(rawValue: code), String(decoding: frame.payload.dropFirst(8), as: UTF8.self))
        }
    }
}
