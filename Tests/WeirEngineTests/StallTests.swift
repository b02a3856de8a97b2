// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: stalls and deadlines")
struct StallTests {
    /// Five of these fill a window of 65,535 bytes to the last one.
    private let fifth = 13_102

    private func nanosecondsBefore(_ duration: Duration) -> MonotonicInstant {
        (MonotonicInstant(nanoseconds: 0) + duration).advanced(byNanoseconds: -1)
    }

    private func blocked() throws -> (ServerRig, ServerCall, Sender) {
        let rig = try ServerRig()
        // The connection's window is wide: what closes is the stream's own.
        rig.connect([.settings(), .windowUpdate(1 << 20)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [Int](repeating: fifth, count: 7))
        #expect(sender.written.count == 5)
        #expect(sender.isWaiting)
        return (rig, call, sender)
    }

    @Test("a blocked stream holds nothing but the message in its sender's hands")
    func holdsNothing() throws {
        let (rig, call, _) = try blocked()
        #expect(rig.connection.counts.heldBytes == 0)
        #expect(rig.connection.counts.suspendedSenders == 1)
        #expect(call.heldBytes == fifth + 5)
    }

    @Test("at the stall deadline, not a nanosecond before, trailers with status 8 pass the closed window")
    func stall() throws {
        let (rig, call, sender) = try blocked()
        rig.advance(to: nanosecondsBefore(.seconds(60)))
        #expect(rig.stalls.isEmpty)
        #expect(!rig.peer[1].ended)
        #expect(sender.isWaiting)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[1].ended)
        #expect(rig.peer[1].reset == nil)
        #expect(rig.peer[1].sections.last?["grpc-status-details-bin"] != nil)
        #expect(rig.peer[1].messages.sizes.count == 5)
        #expect(rig.peer[1].messages.rest == 0)
        #expect(rig.stalls.count == 1)
        #expect(rig.stalls.first?.stalledFor == .seconds(60))
        #expect(rig.stalls.first?.messagesSent == 5)
        #expect(rig.stalls.first?.isTail == false)
        #expect(rig.cancelled == [1])
        #expect(sender.resumes == [1])
        #expect(sender.failure?.code == .resourceExhausted)
        #expect(sender.failure?.cause is StreamStalled)
        #expect(rig.holdsNothing)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.peer[1].sections.count == 2)
        #expect(rig.connection.handlersRunning == 0)
        #expect(throws: RPCError.self) { try call.admit(1) }
    }

    @Test("DATA that cannot move is dropped, and trailers go out behind what was sent")
    func truncates() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [100_000, 1])
        #expect(rig.peer[1].data.count == 65_535)
        #expect(rig.connection.counts.heldBytes == 100_005 - 65_535)
        rig.advance(to: MonotonicInstant(nanoseconds: 0) + .seconds(60))
        #expect(rig.peer[1].data.count == 65_535)
        #expect(rig.peer[1].status == "8")
        #expect(sender.failure?.code == .resourceExhausted)
        #expect(sender.resumes == [1])
        #expect(rig.holdsNothing)
    }

    @Test("a reader that returns credit once per deadline lives", arguments: [13_107, 2_000, 100])
    func slowReaderLives(credit: Int) throws {
        let (rig, _, sender) = try blocked()
        for _ in 0..<12 {
            rig.advance(by: .seconds(59))
            #expect(rig.stalls.isEmpty)
            rig.feed(.windowUpdate(credit), .windowUpdate(credit, stream: 1))
        }
        #expect(rig.stalls.isEmpty)
        #expect(sender.failure == nil)
    }

    @Test("credit for the connection alone does not keep a stream alive whose own window is closed")
    func connectionCreditAlone() throws {
        let (rig, _, sender) = try blocked()
        for _ in 0..<5 {
            rig.advance(by: .seconds(10))
            rig.feed(.windowUpdate(100_000))
        }
        rig.advance(to: nanosecondsBefore(.seconds(60)))
        #expect(rig.stalls.isEmpty)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.stalls.count == 1)
        #expect(rig.stalls.first?.cause == .streamWindow)
        #expect(sender.failure?.code == .resourceExhausted)
    }

    @Test("and keeps no more memory than the bytes that it holds")
    func shrinks() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(9_900)])
        _ = rig.stream(try #require(rig.openList()), [9_995])
        let stream = try #require(rig.connection.session.streams[1])
        #expect(stream.queue.byteCount == 100)
        #expect(stream.queue.tailCapacityBytes < 512)
    }

    @Test("a subscription with nothing to send never stalls")
    func idleNeverStalls() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(0)])
        let call = try #require(rig.openList())
        call.sendHeaders()
        rig.pump()
        rig.advance(by: .seconds(100_000))
        #expect(rig.stalls.isEmpty)
        #expect(rig.connection.nextDeadline == nil)
        #expect(call.isOpen)
    }

    @Test("after the handler returned, the unsent rest is under the tail deadline, which progress restarts")
    func tail() throws {
        let rig = try ServerRig { configuration in
            configuration.flow.stallDeadline = .seconds(10)
            configuration.flow.tailDeadline = .seconds(30)
        }
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [100_000])
        #expect(sender.sizes.isEmpty)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.connection.handlersRunning == 0)
        rig.advance(by: .seconds(29))
        rig.feed(.windowUpdate(2_000), .windowUpdate(2_000, stream: 1))
        #expect(rig.peer[1].data.count == 67_535)
        rig.advance(to: nanosecondsBefore(.seconds(59)))
        #expect(rig.stalls.isEmpty)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.stalls.count == 1)
        #expect(rig.stalls.first?.isTail == true)
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[1].ended)
        #expect(rig.cancelled.isEmpty)
        #expect(rig.holdsNothing)
    }

    @Test("the tail goes out with its own status when the reader reads on")
    func tailCompletes() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        _ = rig.stream(call, [100_000])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        rig.feed(.windowUpdate(100_000), .windowUpdate(100_000, stream: 1))
        #expect(rig.peer[1].messages.sizes == [100_000])
        #expect(rig.peer[1].status == "0")
        #expect(rig.holdsNothing)
    }

    @Test("the client's deadline ends a blocked call with status 4, not a nanosecond early")
    func timeoutWhileBlocked() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(100)])
        let call = try #require(rig.openList(extra: [("grpc-timeout", "5S")]))
        let sender = rig.stream(call, [95, 1])
        #expect(sender.isWaiting)
        rig.advance(to: nanosecondsBefore(.seconds(5)))
        #expect(sender.isWaiting)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "4")
        #expect(sender.failure?.code == .deadlineExceeded)
        #expect(sender.resumes == [1])
        #expect(rig.cancelled == [1])
        #expect(rig.holdsNothing)
    }

    @Test(
        "RST_STREAM with NO_ERROR follows trailers only while the request is open, and only after them",
        arguments: [true, false])
    func resetAfterTrailers(requestIsOpen: Bool) throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(
            ServerRig.request(
                "/test.Echo/List", stream: 1, ends: !requestIsOpen, extra: [("grpc-timeout", "5S")]))
        rig.advance(by: .seconds(5))
        #expect(rig.peer[1].status == "4")
        #expect(rig.peer[1].order == (requestIsOpen ? "HR" : "H"))
        #expect(rig.peer[1].reset == (requestIsOpen ? 0 : nil))
        #expect(rig.holdsNothing)
    }

    @Test("past DATA that cannot move, too, trailers go out in front of the reset of a request that is still open")
    func resetAfterTruncation() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/Talk", stream: 1, ends: false))
        _ = rig.stream(try #require(rig.calls[1]), [100_000])
        rig.advance(by: .seconds(60))
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[1].order == "HDDDDHR")
        #expect(rig.peer[1].reset == 0)
        #expect(rig.holdsNothing)
    }

    @Test("a socket that takes nothing is the cause, and at the deadline the connection is given up")
    func socketStalls() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        let call = try #require(rig.openList())
        rig.socketIsOpen = false
        let sender = rig.stream(call, [Int](repeating: 30_000, count: 400))
        #expect(sender.isWaiting || sender.sizes.isEmpty)
        rig.advance(to: nanosecondsBefore(.seconds(60)))
        #expect(rig.aborted == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.aborted == 1)
        #expect(rig.connectionStalls == 1)
        #expect(rig.cancelled == [1])
        #expect(sender.resumes.allSatisfy { $0 == 1 })
        #expect(sender.failure != nil)
        #expect(rig.connection.counts.heldBytes == 0)
        #expect(rig.process.takenBytes == 0)
    }

    @Test("a tail that only waits for the socket is left to the connection's clock: trailers could not get out either")
    func tailBehindSocket() throws {
        let rig = try ServerRig { $0.flow.tailDeadline = .seconds(5) }
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        let call = try #require(rig.openList())
        rig.socketIsOpen = false
        _ = rig.stream(call, [300_000])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        rig.advance(by: .seconds(59))
        #expect(rig.stalls.isEmpty)
        rig.socketIsOpen = true
        rig.pump()
        #expect(rig.peer[1].messages.sizes == [300_000])
        #expect(rig.peer[1].status == "0")
    }

    @Test("a socket that takes a part each half deadline keeps the connection")
    func slowSocketLives() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 24)])
        rig.feed(.windowUpdate(1 << 24))
        let call = try #require(rig.openList())
        rig.socketIsOpen = false
        let sender = rig.stream(call, [Int](repeating: 30_000, count: 400))
        for _ in 0..<10 {
            rig.advance(by: .seconds(30))
            rig.unsent.removeFirst(min(100, rig.unsent.count))
            rig.connection.outputBuffered(rig.unsent.count, isWritable: false, at: rig.now)
        }
        #expect(rig.aborted == 0)
        #expect(rig.stalls.isEmpty)
        #expect(sender.failure == nil)
    }
}
