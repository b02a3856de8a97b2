// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: the deadline of a request")
struct RequestDeadlineTests {
    private let almost = Duration.seconds(10) - .nanoseconds(1)

    private func rig(_ configure: (inout ServerConnectionConfiguration) -> Void = { _ in }) throws -> ServerRig {
        let rig = try ServerRig(configure)
        rig.connect()
        return rig
    }

    /// The header fields of a request whose message is still to come.
    private func begin(_ rig: ServerRig, _ stream: Int32 = 1, path: String = "/test.Echo/Get") {
        rig.feed(ServerRig.request(path, stream: stream, message: nil, ends: false))
    }

    @Test(
        "a request without a message ends at the deadline with trailers that say what to do, and the connection goes on",
        arguments: ["/test.Echo/Get", "/test.Echo/List"])
    func nothing(path: String) throws {
        let rig = try rig()
        begin(rig, path: path)
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[1].message?.contains("0 bytes of it arrived within 10s") == true)
        #expect(rig.peer[1].order == "HR")
        #expect(rig.peer[1].reset == 0)
        #expect(rig.stalledRequests.map(\.receivedBytes) == [0])
        #expect(rig.calls.isEmpty)
        #expect(rig.connection.handlersRunning == 0)
        #expect(rig.holdsNothing)
        #expect(rig.closed == 0)
        #expect(rig.connection.nextDeadline == nil)
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 3))
        #expect(rig.requests[3] == [1, 2, 3])
    }

    @Test("the details name the reason and when to come back")
    func details() throws {
        let stalled = RequestStalled(receivedBytes: 7, isWhole: false, waitedFor: .seconds(12))
        let status = stalled.status(deadline: .seconds(10), bytesPerSecond: 1_024, retryDelay: .seconds(1))
        #expect(status.code == .resourceExhausted)
        #expect(
            status.details == [
                .errorInfo(
                    ErrorInfo(
                        reason: "REQUEST_STALLED",
                        metadata: ["received_bytes": "7", "waited_for": "12s", "missing": "message"])),
                .retryInfo(RetryInfo(retryDelay: .seconds(1))),
            ])
        #expect(status.message.contains("within 10s, or at least 1024 bytes of it per second"))
        let rig = try rig()
        begin(rig)
        rig.advance(by: .seconds(10))
        #expect(rig.peer[1].sections.last?["grpc-status-details-bin"] != nil)
    }

    @Test("each KiB that arrives buys a second, to the nanosecond")
    func bought() throws {
        let rig = try rig()
        begin(rig)
        rig.advance(by: .seconds(5))
        rig.feed(.data(Array(ServerRig.framed(100_000).prefix(2_048)), stream: 1))
        rig.advance(by: .seconds(5))
        #expect(!rig.peer[1].ended)
        rig.advance(by: .seconds(2) - .nanoseconds(1))
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.stalledRequests.map(\.receivedBytes) == [2_048])
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(12)])
        #expect(rig.connection.counts.receivedBytes == 0)
        #expect(rig.holdsNothing)
    }

    @Test("nothing is saved up: however much came, ten seconds without a byte are the end")
    func notSavedUp() throws {
        let rig = try rig()
        begin(rig)
        rig.advance(by: .seconds(1))
        for _ in 0..<4 { rig.feed(.data([0, 0, 4, 0, 0] + [UInt8](repeating: 1, count: 15_000), stream: 1)) }
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
    }

    @Test("a client that sends 1 KiB a second lives as long as its request is, one that sends less does not")
    func slowUpload() throws {
        for bytes in [1_024, 1_000] {
            let rig = try rig()
            begin(rig)
            let request = ServerRig.framed(600_000)
            var sent = 0
            // In pieces of one frame: DATA frames of 16 KiB take 16 s each.
            let frames = stride(from: 0, to: request.count, by: 16_384).flatMap { start in
                RawFrame.data(
                    Array(request[start..<min(start + 16_384, request.count)]), stream: 1,
                    ends: start + 16_384 >= request.count
                ).bytes
            }
            while sent < frames.count, rig.closed == 0, !rig.peer[1].ended {
                rig.advance(by: .seconds(1))
                // The frames' own headers are not bytes of the request.
                let piece = min(bytes + (bytes == 1_024 ? 9 : 0), frames.count - sent)
                rig.feed(Array(frames[sent..<(sent + piece)]))
                sent += piece
            }
            #expect((rig.requests[1]?.count == 600_000) == (bytes == 1_024))
            #expect(rig.peer[1].status == (bytes == 1_024 ? nil : "8"))
            #expect(rig.inputTimeouts.isEmpty)
        }
    }

    @Test(
        "a message whose end never comes is no request: it ends at the deadline, empty DATA frames or not",
        arguments: ["/test.Echo/Get", "/test.Echo/List"])
    func withoutEnd(path: String) throws {
        let rig = try rig()
        rig.feed(ServerRig.request(path, stream: 1, ends: false))
        for _ in 0..<9 {
            rig.advance(by: .seconds(1))
            rig.feed(.data([], stream: 1), .data([], stream: 1, padding: 255))
        }
        rig.advance(to: MonotonicInstant(nanoseconds: 0) + almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[1].message?.contains("END_STREAM") == true)
        #expect(rig.stalledRequests.map(\.isWhole) == [true])
        #expect(rig.calls.isEmpty)
        #expect(rig.holdsNothing)
        #expect(rig.connection.counts.receivedBytes == 0)
    }

    @Test("the end just in time starts the handler, and then nothing of the request is timed")
    func justInTime() throws {
        let rig = try rig()
        rig.feed(ServerRig.request("/test.Echo/List", stream: 1, ends: false))
        rig.advance(by: almost)
        rig.feed(.data([], stream: 1, ends: true))
        #expect(rig.requests[1] == [1, 2, 3])
        #expect(rig.connection.nextDeadline == nil)
        #expect(rig.connection.counts.timers == 0)
        rig.advance(by: .seconds(100_000))
        #expect(rig.calls[1]?.isOpen == true)
        #expect(rig.cancelled.isEmpty)
    }

    @Test("a request that is a stream may take its time", arguments: ["/test.Echo/Talk", "/test.Echo/Collect"])
    func streams(path: String) throws {
        let rig = try rig()
        let receiver = Receiver(try #require(rig.openTalk(path: path)))
        for _ in 0..<2 {
            rig.ask(receiver)
            rig.advance(by: .seconds(1_000))
            rig.feed(.data(ServerRig.framed(10), stream: 1))
        }
        #expect(receiver.sizes == [10, 10])
        #expect(rig.stalledRequests.isEmpty)
    }

    @Test("time in which the server withholds credit does not count against the client")
    func withheld() throws {
        let rig = try rig {
            $0.connectionReceiveBudgetBytes = 0
            $0.settings.connectionReceiveWindowBytes = 65_535
            $0.settings.maximumConnectionReceiveWindowBytes = 0
        }
        let receiver = Receiver(try #require(rig.openTalk(1)))
        begin(rig, 3)
        rig.advance(by: .seconds(4))
        // A handler that does not read holds nearly all of the connection's window.
        for _ in 0..<6 { rig.feed(.data(ServerRig.framed(9_995), stream: 1)) }
        #expect(rig.connection.session.receiving.owedBytes == 60_000)
        rig.advance(by: .seconds(100))
        #expect(!rig.peer[3].ended)
        for _ in 0..<6 { rig.ask(receiver) }
        #expect(rig.connection.session.receiving.owedBytes == 0)
        rig.pump()
        rig.advance(by: .seconds(6) - .nanoseconds(1))
        #expect(!rig.peer[3].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[3].status == "8")
        #expect(rig.stalledRequests.map(\.waitedFor) == [.seconds(10)])
        #expect(receiver.call.isOpen)
    }

    @Test("a request that stalls in the middle of a DATA frame is told so before the connection is given up")
    func insideFrame() throws {
        let rig = try rig()
        rig.feed(
            ServerRig.request("/test.Echo/Get", stream: 1, message: nil, ends: false)
                + RawFrame.data(ServerRig.framed(500), stream: 1).bytes.prefix(100))
        rig.advance(by: almost)
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "8")
        #expect(rig.closed == 0)
        rig.advance(by: almost)
        #expect(rig.closed == 0)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.closed == 1)
        #expect(rig.goAways.first?.text.contains("DATA") == true)
    }

    @Test("a thousand requests that stall at one instant all end, and leave nothing")
    func many() throws {
        let rig = try rig()
        for index in 0..<1_000 { begin(rig, Int32(2 * index + 1)) }
        rig.advance(by: almost)
        #expect(rig.stalledRequests.isEmpty)
        rig.advance(by: .nanoseconds(1))
        for _ in 0..<100 where rig.stalledRequests.count < 1_000 { rig.advance(by: .zero) }
        #expect(rig.stalledRequests.count == 1_000)
        #expect(rig.holdsNothing)
        #expect(rig.closed == 0)
    }
}
