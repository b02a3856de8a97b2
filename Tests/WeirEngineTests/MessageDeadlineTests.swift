// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: the deadline of a message in a stream of requests")
struct MessageDeadlineTests {
    private let almost = Duration.seconds(10) - .nanoseconds(1)

    private func rig(_ configure: (inout ServerConnectionConfiguration) -> Void = { _ in }) throws -> ServerRig {
        let rig = try ServerRig { configuration in
            configuration.settings.measuresBandwidth = false
            configure(&configuration)
        }
        rig.connect()
        return rig
    }

    private func piece(_ count: Int, of message: Int) -> RawFrame {
        .data(Array(ServerRig.framed(message).prefix(count)), stream: 1)
    }

    @Test(
        "a message that is not whole in time ends the call and is told so to client and handler",
        arguments: ["/test.Echo/Talk", "/test.Echo/Collect"], [1, 5, 100])
    func stalls(path: String, bytes: Int) throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk(path: path)))
        rig.ask(receiver)
        rig.advance(by: .seconds(1_000))
        rig.feed(piece(bytes, of: 500))
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(
            rig.peer[1].message?.contains("a request message stalled: \(bytes) bytes of it arrived within 10s") == true)
        #expect(rig.stalledRequests.map(\.receivedBytes) == [bytes])
        #expect(receiver.failure?.code == .resourceExhausted)
        #expect(receiver.resumes == [1])
        #expect(rig.cancelled == [1])
        #expect(rig.connection.counts.receivedBytes == 0)
        #expect(rig.connection.nextDeadline == nil)
        #expect(rig.closed == 0)
        receiver.call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.holdsNothing)
    }

    @Test("between messages nothing is timed, and each message has the whole time")
    func between() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        for _ in 0..<5 {
            rig.ask(receiver)
            #expect(rig.connection.nextDeadline == nil)
            rig.advance(by: .seconds(5_000))
            rig.feed(piece(7, of: 10))
            #expect(rig.connection.nextDeadline != nil)
            rig.advance(by: almost)
            rig.feed(.data(Array(ServerRig.framed(10).dropFirst(7)), stream: 1))
            #expect(rig.connection.nextDeadline == nil)
            #expect(rig.connection.counts.timers == 0)
        }
        #expect(receiver.sizes == [10, 10, 10, 10, 10])
    }

    @Test("a message that begins in the DATA frame that ends the one before has a time of its own")
    func following() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        rig.feed(piece(7, of: 10))
        rig.advance(by: .seconds(9))
        rig.feed(.data(Array(ServerRig.framed(10).dropFirst(7)) + ServerRig.framed(10).prefix(6), stream: 1))
        #expect(receiver.sizes == [10])
        rig.ask(receiver)
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalledRequests.map(\.receivedBytes) == [6])
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(10)])
    }

    @Test("bytes that trickle in buy what the rate says and no more")
    func trickle() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        let message = ServerRig.framed(50_000)
        // A byte each half second: 21 bytes buy 20.5 ms from the second on.
        var sent = 0
        while !rig.peer[1].ended, sent < 100 {
            rig.feed(.data([message[sent]], stream: 1))
            sent += 1
            rig.advance(by: .milliseconds(500))
        }
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalledRequests.map(\.receivedBytes) == [21])
        let bought = Duration.nanoseconds(20 * (1_000_000_000 / 1_024))
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(10) + bought])
    }

    @Test(
        "a client that keeps to the rate lives as long as its message is, one that does not dies",
        arguments: [1_024, 1_000])
    func rate(bytesPerSecond: Int) throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        let message = ServerRig.framed(600_000)
        var sent = 0
        while sent < message.count, !rig.peer[1].ended {
            rig.advance(by: .seconds(1))
            let end = min(sent + bytesPerSecond, message.count)
            rig.feed(.data(Array(message[sent..<end]), stream: 1))
            sent = end
        }
        #expect(receiver.sizes == (bytesPerSecond == 1_024 ? [600_000] : []))
        #expect(rig.peer[1].status == (bytesPerSecond == 1_024 ? nil : "8"))
    }

    @Test("a handler that does not read keeps its client waiting, and that is not the client's fault")
    func held() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        // A message that is larger than the window, and nobody asks: its client has used the window up.
        var message = ServerRig.framed(200_000)[...]
        for _ in 0..<4 { rig.feed(.data(Array(message.popFirst(16_000)), stream: 1)) }
        #expect(rig.connection.nextDeadline == nil)
        rig.advance(by: .seconds(3_600))
        #expect(!rig.peer[1].ended)
        rig.ask(receiver)
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.feed(.data(Array(message.popFirst(10_240)), stream: 1))
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(20) - .nanoseconds(1)])
    }

    @Test("time in which the message's clock stood still comes on top of what was left")
    func heldInBetween() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        var message = ServerRig.framed(200_000)[...]
        rig.feed(.data(Array(message.popFirst(100)), stream: 1))
        rig.advance(by: .seconds(8))
        receiver.cancel()
        rig.pump()
        // The clock runs on: the window is open.
        for _ in 0..<4 { rig.feed(.data(Array(message.popFirst(16_000)), stream: 1)) }
        rig.advance(by: .seconds(100))
        #expect(!rig.peer[1].ended)
        let second = Receiver(receiver.call)
        rig.ask(second)
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(18)])
    }

    @Test("a client that could go on is not excused by a handler that does not read")
    func openWindow() throws {
        let rig = try rig()
        _ = try #require(rig.openTalk())
        rig.feed(piece(1_000, of: 5_000))
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
    }

    @Test("what stands behind messages that the handler has not taken is not timed until it is asked for")
    func behindOthers() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.feed(.data(ServerRig.framed(10) + ServerRig.framed(10).prefix(6), stream: 1))
        #expect(rig.connection.nextDeadline == nil)
        rig.advance(by: .seconds(500))
        rig.ask(receiver)
        #expect(receiver.sizes == [10])
        // The handler works for a minute in which the connection has nothing to do, and then asks.
        rig.now = rig.now + .seconds(60)
        rig.ask(receiver)
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(10)])
    }

    @Test("the end of the request, or of the call, ends the clock")
    func ends() throws {
        let rig = try rig()
        _ = try #require(rig.openTalk())
        rig.feed(piece(7, of: 10))
        rig.feed(.data([], stream: 1, ends: true))
        #expect(rig.connection.nextDeadline == nil)
        let call = try #require(rig.openTalk(3))
        rig.feed(.data([0, 0], stream: 3))
        #expect(rig.connection.nextDeadline != nil)
        call.handlerReturned(Status(code: .aborted))
        rig.pump()
        #expect(rig.connection.nextDeadline == nil)
        rig.advance(by: .seconds(100))
        #expect(rig.stalledRequests.isEmpty)
    }
}

extension ArraySlice {
    /// Takes the first elements off.
    fileprivate mutating func popFirst(_ count: Int) -> ArraySlice {
        defer { self = dropFirst(count) }
        return prefix(count)
    }
}
