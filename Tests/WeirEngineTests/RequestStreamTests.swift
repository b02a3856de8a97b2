// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: requests that are streams")
struct RequestStreamTests {
    private func rig(_ window: Int = 65_535) throws -> ServerRig {
        let rig = try ServerRig { configuration in
            configuration.settings.streamReceiveWindowBytes = window
            configuration.settings.measuresBandwidth = false
        }
        rig.connect()
        return rig
    }

    @Test("the handler starts at the request's headers", arguments: ["/test.Echo/Talk", "/test.Echo/Collect"])
    func startsAtHeaders(path: String) throws {
        let rig = try rig()
        let call = try #require(rig.openTalk(path: path))
        #expect(call.handlerIsRunning)
        #expect(rig.requests[1] == nil)
        call.handlerReturned(Status(code: .aborted))
        rig.pump()
        #expect(rig.peer[1].status == "10")
        #expect(rig.peer[1].order == "HR")
        #expect(rig.holdsNothing)
    }

    @Test("messages come one for each ask, in order, then the end, as often as it is asked for")
    func inOrder() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        #expect(receiver.isWaiting)
        rig.feed(.data(ServerRig.framed(3, 1) + ServerRig.framed(0) + ServerRig.framed(5, 2), stream: 1, ends: true))
        #expect(receiver.messages == [[1, 1, 1]])
        #expect(rig.connection.counts.receivedBytes == 15)
        rig.ask(receiver)
        rig.ask(receiver)
        #expect(receiver.messages == [[1, 1, 1], [], [2, 2, 2, 2, 2]])
        #expect(rig.connection.counts.receivedBytes == 0)
        rig.ask(receiver)
        #expect(receiver.ends == 1)
        #expect(receiver.takeNow())
        #expect(receiver.ends == 2)
        #expect(receiver.resumes == [1, 1, 1, 1])
        receiver.call.handlerReturned(Status(code: .aborted))
        rig.pump()
        #expect(rig.peer[1].order == "H")
        #expect(rig.holdsNothing)
    }

    @Test("an answer that is there needs no waiting")
    func takeNow() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        #expect(!receiver.takeNow())
        rig.feed(.data(ServerRig.framed(3), stream: 1))
        #expect(receiver.takeNow())
        #expect(receiver.sizes == [3])
        #expect(!receiver.takeNow())
    }

    @Test("an ask that is withdrawn fails once and loses no message; one that was answered already is not withdrawn")
    func withdraw() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        receiver.cancel()
        rig.pump()
        #expect(receiver.resumes == [1])
        #expect(receiver.failure?.code == .cancelled)
        rig.feed(.data(ServerRig.framed(3), stream: 1))
        let second = Receiver(receiver.call)
        rig.ask(second)
        #expect(second.sizes == [3])
        rig.feed(.data(ServerRig.framed(4), stream: 1))
        second.ask()
        // The answer is on its way when the task is cancelled.
        second.cancel()
        rig.pump()
        #expect(second.sizes == [3, 4])
        #expect(second.failure == nil)
        #expect(second.resumes == [1, 1])
    }

    @Test("a second ask fails and leaves the first alone")
    func oneAtATime() throws {
        let rig = try rig()
        let first = Receiver(try #require(rig.openTalk()))
        let second = Receiver(first.call)
        rig.ask(first)
        rig.ask(second)
        #expect(second.failure?.code == .internalError)
        #expect(second.resumes == [1])
        #expect(Receiver(first.call).takeNow())
        rig.feed(.data(ServerRig.framed(3), stream: 1))
        #expect(first.sizes == [3])
        #expect(first.resumes == [1])
    }

    @Test("a handler that does not read stops its client by the stream window, and not the others")
    func stops() throws {
        let rig = try rig()
        let lazy = Receiver(try #require(rig.openTalk(1)))
        let busy = Receiver(try #require(rig.openTalk(3)))
        let message = ServerRig.framed(995)
        for _ in 0..<65 { rig.feed(.data(message, stream: 1)) }
        #expect(rig.peer.credit[1] == nil)
        for _ in 0..<200 {
            rig.feed(.data(message, stream: 3))
            rig.ask(busy)
        }
        #expect(busy.messages.count == 200)
        #expect(rig.peerWindow(3, sent: 200_000) > 32_000)
        #expect(rig.peerWindow(sent: 265_000) > 32_000)
        #expect(rig.connection.counts.receivedBytes == 65_000)
        // Credit follows what is taken.
        for _ in 0..<32 { rig.ask(lazy) }
        #expect(rig.peer.credit[1] == nil)
        for _ in 0..<33 { rig.ask(lazy) }
        #expect((rig.peer.credit[1] ?? 0) >= 32_768)
        #expect(rig.connection.counts.receivedBytes == 0)
    }

    @Test(
        "a message larger than the stream window arrives when it is asked for, and its client gets credit only then",
        arguments: [65_530, 65_531, 65_536, 400_000, 1 << 20])
    func largeMessage(size: Int) throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        var rest = ServerRig.framed(size)[...]
        var sent = 0
        /// The client sends what its windows allow.
        func send() {
            while !rest.isEmpty {
                let open = min(rig.peerWindow(1, sent: sent), rig.peerWindow(sent: sent), 16_384, rest.count)
                guard open > 0 else { return }
                sent += open
                let part = Array(rest.prefix(open))
                rest = rest.dropFirst(open)
                rig.feed(.data(part, stream: 1))
            }
        }
        send()
        #expect(sent == min(size + 5, 65_535))
        rig.ask(receiver)
        send()
        #expect(receiver.sizes == [size])
        #expect(rig.connection.counts.receivedBytes == 0)
        #expect(rig.protocolErrors.isEmpty)
    }

    @Test("an end in the middle of a message fails the ask and the call with INTERNAL")
    func cut() throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.feed(.data(ServerRig.framed(3) + [0, 0], stream: 1, ends: true))
        rig.ask(receiver)
        #expect(receiver.sizes == [3])
        rig.ask(receiver)
        #expect(receiver.failure?.code == .internalError)
        #expect(receiver.resumes == [1, 1])
        #expect(rig.peer[1].status == "13")
        #expect(rig.cancelled == [1])
        #expect(rig.holdsNothing)
        #expect(rig.connection.counts.receivedBytes == 0)
    }

    @Test("a message at the limit is taken, one byte more fails with status 8", arguments: [0, 1])
    func limit(excess: Int) throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk()))
        rig.ask(receiver)
        rig.feed(.data([0] + RawFrame.bigEndian(UInt32((1 << 20) + excess)), stream: 1))
        #expect(receiver.failure?.code == (excess == 0 ? nil : .resourceExhausted))
        #expect(receiver.isWaiting == (excess == 0))
        #expect(rig.peer[1].status == (excess == 0 ? nil : "8"))
    }

    enum End: CaseIterable {
        case peerReset, deadline, handlerReturned, lost, cut
    }

    @Test("however the call ends, who asks is told once, and what was received is given up", arguments: End.allCases)
    func ends(end: End) throws {
        let rig = try rig()
        rig.feed(
            ServerRig.request(
                "/test.Echo/Talk", stream: 1, message: nil, ends: false, extra: [("grpc-timeout", "5S")]))
        let receiver = Receiver(try #require(rig.calls[1]))
        rig.feed(.data(ServerRig.framed(1_000) + [0, 0, 0, 1], stream: 1))
        rig.ask(receiver)
        rig.ask(receiver)
        #expect(receiver.isWaiting)
        switch end {
        case .peerReset: rig.feed(.reset(1, code: 8))
        case .deadline: rig.advance(by: .seconds(5))
        case .handlerReturned:
            receiver.call.handlerReturned(Status(code: .ok))
            rig.pump()
        case .lost:
            rig.connection.connectionLost("the test took the wire away", at: rig.now)
            rig.pump()
        case .cut:
            rig.connection.cutCalls(at: rig.now)
            rig.pump()
        }
        #expect(receiver.resumes == [1, 1])
        #expect(receiver.failure != nil)
        #expect(rig.connection.counts.receivedBytes == 0)
        #expect(rig.holdsNothing)
        let late = Receiver(receiver.call)
        rig.ask(late)
        #expect(late.resumes == [1])
        #expect(late.failure != nil)
        #expect(rig.cancelled == (end == .handlerReturned ? [] : [1]))
    }

    @Test("once the handler has returned, nothing of its request is kept, though its response is still on the way")
    func tail() throws {
        let rig = try rig()
        rig.feed(.initialWindow(100))
        let call = try #require(rig.openTalk())
        rig.feed(.data(ServerRig.framed(1_000), stream: 1))
        #expect(rig.stream(call, [200]).written == [200])
        #expect(rig.connection.counts.receivedBytes == 1_005)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(!rig.peer[1].ended)
        #expect(rig.connection.counts.receivedBytes == 0)
        rig.feed(.data(ServerRig.framed(2_000), stream: 1))
        #expect(rig.connection.counts.receivedBytes == 0)
        #expect(rig.peer.credit[1] == nil)
        rig.feed(.windowUpdate(1_000, stream: 1))
        #expect(rig.peer[1].status == "0")
        #expect(rig.holdsNothing)
    }

    @Test("a request that is reset in the same breath starts no handler")
    func resetAtOnce() throws {
        let rig = try rig()
        for id in [Int32(1), 3] {
            let path = id == 1 ? "/test.Echo/Talk" : "/test.Echo/Get"
            rig.feed(ServerRig.request(path, stream: id, ends: id == 3) + RawFrame.reset(id, code: 8).bytes)
        }
        #expect(rig.calls.isEmpty)
        #expect(rig.connection.handlersRunning == 0)
        #expect(rig.holdsNothing)
        #expect(rig.connection.counts.receivedBytes == 0)
    }
}
