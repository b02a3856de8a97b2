// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: the deadline of what has begun to arrive")
struct FrameDeadlineTests {
    private let almost = Duration.seconds(10) - .nanoseconds(1)

    private func rig(_ configure: (inout ServerConnectionConfiguration) -> Void = { _ in }) throws -> ServerRig {
        let rig = try ServerRig(configure)
        rig.connect()
        rig.advance(by: .seconds(100))
        return rig
    }

    /// HEADERS of a request, cut in two: a HEADERS frame without END_HEADERS and a CONTINUATION.
    private static func split(_ stream: Int32 = 1) -> (first: [UInt8], second: [UInt8]) {
        let whole = Array(ServerRig.request("/test.Echo/Talk", stream: stream, message: nil, ends: false).dropFirst(9))
        let first = RawFrame(kind: .headers, stream: stream, payload: Array(whole.prefix(40)))
        let second = RawFrame(
            kind: .continuation, flags: RawFrame.endHeaders, stream: stream, payload: Array(whole.dropFirst(40)))
        return (first.bytes, second.bytes)
    }

    /// What a peer may leave unfinished.
    enum Begun: CaseIterable {
        case frameHeader, dataHeader, ping, headers, section, continuation, unknown

        var bytes: [UInt8] {
            let split = FrameDeadlineTests.split()
            return switch self {
            case .frameHeader: Array(RawFrame.ping().bytes.prefix(8))
            case .dataHeader: Array(RawFrame.data([1, 2, 3], stream: 1).bytes.prefix(8))
            case .ping: RawFrame.ping().bytes.dropLast()
            case .headers:
                ServerRig.request("/test.Echo/Talk", stream: 1, message: nil, ends: false).dropLast()
            case .section: split.first
            case .continuation: split.first + split.second.dropLast()
            case .unknown: [0, 0, 100, 0xEE, 0, 0, 0, 0, 0, 1, 2, 3]
            }
        }

        var text: String {
            switch self {
            case .headers, .section, .continuation: "a field section was not whole within 10s"
            default: "a frame was not whole within 10s"
            }
        }
    }

    @Test("what has begun and is not whole at the deadline ends the connection, not before", arguments: Begun.allCases)
    func cut(begun: Begun) throws {
        let rig = try rig()
        rig.feed(begun.bytes)
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.map(\.code) == [.enhanceYourCalm])
        #expect(rig.goAways.first?.text == begun.text)
        #expect(rig.inputTimeouts.count == 1)
        #expect(rig.holdsNothing)
    }

    @Test("bytes that trickle in do not extend it", arguments: Begun.allCases)
    func dribble(begun: Begun) throws {
        let rig = try rig()
        let bytes = begun.bytes
        for byte in bytes.dropLast() {
            rig.feed([byte])
            rig.advance(by: .nanoseconds(9_000_000_000 / Int64(bytes.count)))
        }
        #expect(rig.closed == 0)
        rig.feed(Array(bytes.suffix(1)))
        rig.advance(to: MonotonicInstant(nanoseconds: 0) + (.seconds(110) - .nanoseconds(1)))
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
    }

    @Test("the last byte just in time is enough; what follows has a time of its own")
    func justInTime() throws {
        let rig = try rig()
        let (first, second) = Self.split()
        rig.feed(first)
        rig.advance(by: almost)
        rig.feed(second + RawFrame.ping().bytes.prefix(3))
        #expect(rig.calls[1] != nil)
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.feed(RawFrame.ping().bytes.dropFirst(3) + [])
        #expect(rig.connection.nextDeadline == nil)
        #expect(rig.peer.count(.ping) == 1)
    }

    @Test("a DATA frame lives as long as a byte of it comes in each deadline, and is cut when none does")
    func slowData() throws {
        // The message's own deadline is out of the way: this is about the frame's.
        let rig = try rig { $0.flow.requestDeadline = .seconds(10_000) }
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        let bytes = RawFrame.data(ServerRig.framed(200), stream: 1).bytes
        rig.feed(Array(bytes.prefix(9)))
        for byte in bytes.dropFirst(9).prefix(100) {
            rig.advance(by: almost)
            rig.feed([byte])
        }
        #expect(rig.closed == 0)
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.map(\.code) == [.enhanceYourCalm])
        #expect(rig.goAways.first?.text.contains("DATA") == true)
        #expect(receiver.resumes == [1])
        #expect(receiver.failure?.code == .unavailable)
        #expect(rig.holdsNothing)
    }

    @Test("each frame has its own time, however long they follow each other without a pause")
    func endlessStream() throws {
        let rig = try rig()
        let ping = RawFrame.ping().bytes
        rig.feed(Array(ping.prefix(5)))
        for _ in 0..<50 {
            rig.advance(by: .seconds(9))
            rig.feed(Array(ping.dropFirst(5)) + ping.prefix(5))
        }
        #expect(rig.closed == 0)
        #expect(rig.peer.count(.ping) == 50)
    }

    @Test("while replies have piled up and nothing is read, the time does not count")
    func notRead() throws {
        let rig = try ServerRig { $0.flow.stallDeadline = .seconds(1_000) }
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        let call = try #require(rig.openList())
        rig.socketIsOpen = false
        _ = rig.stream(call, [Int](repeating: 30_000, count: 400))
        let ping = RawFrame.ping().bytes
        rig.feed(Array(ping.prefix(12)))
        rig.advance(by: .seconds(4))
        rig.feed(Array(ping.dropFirst(12)) + (0..<600).flatMap { _ in ping } + ping.prefix(12))
        #expect(!rig.connection.wantsInput)
        rig.advance(by: .seconds(100))
        #expect(rig.closed + rig.aborted == 0)
        rig.socketIsOpen = true
        rig.connection.outputBuffered(0, isWritable: true, at: rig.now)
        rig.pump()
        #expect(rig.connection.wantsInput)
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.inputTimeouts.count == 1)
    }

    @Test(
        "a deadline that is looked at late does not count before the sockets had their turn", arguments: [true, false])
    func late(restComes: Bool) throws {
        let rig = try rig()
        rig.feed(Array(RawFrame.ping().bytes.prefix(12)))
        rig.jump(by: .seconds(60))
        #expect(rig.closed == 0)
        if restComes {
            rig.feed(Array(RawFrame.ping().bytes.dropFirst(12)))
            rig.advance(by: .seconds(1_000))
            #expect(rig.peer.count(.ping) == 1)
        } else {
            rig.advance(by: .milliseconds(100))
        }
        #expect(rig.closed == (restComes ? 0 : 1))
    }
}
