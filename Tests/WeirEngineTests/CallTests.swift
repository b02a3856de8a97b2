// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: calls")
struct CallTests {
    @Test("a unary call is answered with headers, one message and trailers")
    func unary() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1))
        let call = try #require(rig.calls[1])
        #expect(rig.requests[1] == [1, 2, 3])
        let sender = rig.stream(call, [4])
        #expect(sender.written == [4])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        let response = rig.peer[1]
        #expect(rig.peerUnderstood)
        #expect(response.sections.first?[":status"] == "200")
        #expect(response.sections.first?["content-type"] == "application/grpc")
        #expect(response.data == [0, 0, 0, 0, 4, 4, 4, 4, 4])
        #expect(response.status == "0")
        #expect(response.order == "HDH")
        #expect(response.ended)
        #expect(response.reset == nil)
        #expect(rig.holdsNothing)
        #expect(rig.connection.handlersRunning == 0)
    }

    @Test("a second answer to a unary call is refused, and the room for it is free again", arguments: [10, 100_000])
    func secondAnswer(size: Int) throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1))
        let call = try #require(rig.calls[1])
        #expect(try call.admit(10))
        try call.writeFilled(10)
        rig.pump()
        #expect(try call.admit(size))
        #expect(throws: RPCError.self) { try call.writeFilled(size) }
        #expect(rig.connection.session.flow.reservedBytes == 0)
        #expect(rig.connection.counts.heldBytes == 0)
    }

    @Test("a streaming call carries its messages in order and ends with its status")
    func streaming() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        let sender = rig.stream(call, Array(0..<200))
        #expect(sender.sizes.isEmpty)
        call.handlerReturned(Status(code: .notFound, message: "no more"))
        rig.pump()
        #expect(rig.peer[1].messages.sizes == Array(0..<200))
        #expect(rig.peer[1].messages.rest == 0)
        #expect(rig.peer[1].status == "5")
        #expect(rig.peer[1].message == "no more")
        #expect(rig.peer[1].dataFrames.count <= 4)
        #expect(rig.holdsNothing)
    }

    @Test("a response without messages that succeeded has headers and trailers, one that failed is trailers-only")
    func empty() throws {
        let rig = try ServerRig()
        rig.connect()
        try #require(rig.openList(1)).handlerReturned(Status(code: .ok))
        try #require(rig.openList(3)).handlerReturned(Status(code: .aborted))
        rig.pump()
        #expect(rig.peer[1].order == "HH")
        #expect(rig.peer[1].status == "0")
        #expect(rig.peer[3].order == "H")
        #expect(rig.peer[3].status == "10")
        #expect(rig.holdsNothing)
    }

    @Test(
        "an unknown path is answered trailers-only with UNIMPLEMENTED",
        arguments: ["/test.Echo/None", "/other.Service/Get"])
    func unknownPath(path: String) throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(ServerRig.request(path, stream: 1))
        #expect(rig.peer[1].order == "H")
        #expect(rig.peer[1].status == "12")
        #expect(rig.peer[1].sections.first?[":status"] == "200")
        #expect(rig.calls.isEmpty)
        #expect(rig.refusals.count == 1)
        #expect(rig.holdsNothing)
    }

    @Test("another content-type is answered with 415 and a text")
    func contentType() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/Get", stream: 1, contentType: "application/json"))
        #expect(rig.peer[1].sections.first?[":status"] == "415")
        #expect(rig.peer[1].ended)
        #expect(!rig.peer[1].data.isEmpty)
        #expect(rig.holdsNothing)
    }

    @Test("a rejected request that goes on is told NO_ERROR after the answer, not before")
    func rejectedWhileOpen() throws {
        let rig = try ServerRig()
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/None", stream: 1, ends: false))
        #expect(rig.peer[1].order == "HR")
        #expect(rig.peer[1].reset == 0)
        #expect(rig.holdsNothing)
    }

    @Test(
        "a request that ends inside a message fails with INTERNAL, one without a message with UNIMPLEMENTED",
        arguments: [0, 1])
    func cutRequest(which: Int) throws {
        let rig = try ServerRig()
        rig.connect()
        if which == 0 {
            rig.feed(ServerRig.request("/test.Echo/Get", stream: 1, message: nil))
        } else {
            rig.feed(ServerRig.request("/test.Echo/Get", stream: 1, message: nil, ends: false))
            rig.feed(.data([0, 0, 0, 0, 9, 1, 2], stream: 1, ends: true))
        }
        #expect(rig.peer[1].status == (which == 0 ? "12" : "13"))
        #expect(rig.calls.isEmpty)
        #expect(rig.holdsNothing)
    }

    @Test("a request that is split at any byte gets the same answer", arguments: 0..<8)
    func everySplit(part: Int) throws {
        let bytes = RawFrame.preface + RawFrame.settings().bytes + ServerRig.request("/test.Echo/Get", stream: 1)
        for split in stride(from: part, to: bytes.count, by: 8) {
            let rig = try ServerRig()
            rig.onStart = { call in
                let sender = Sender(call, [3])
                sender.run()
                call.handlerReturned(Status(code: .ok))
            }
            rig.feed(Array(bytes[..<split]))
            rig.feed(Array(bytes[split...]))
            #expect(rig.requests[1] == [1, 2, 3], "split at \(split)")
            #expect(rig.peer[1].order == "HDH", "split at \(split)")
            #expect(rig.protocolErrors.isEmpty, "split at \(split)")
        }
    }

    @Test("a request that comes byte by byte gets the same answer")
    func byteByByte() throws {
        let rig = try ServerRig()
        rig.onStart = { $0.handlerReturned(Status(code: .aborted)) }
        let bytes = RawFrame.preface + RawFrame.settings().bytes + ServerRig.request("/test.Echo/Get", stream: 1)
        for byte in bytes { rig.feed([byte]) }
        #expect(rig.protocolErrors.isEmpty)
        #expect(rig.peer[1].status == "10")
    }

    @Test("the client's reset cancels the handler, fails the waiting sender once and leaves nothing")
    func clientReset() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(0)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [10])
        #expect(sender.isWaiting)
        rig.feed(.reset(1, code: 8))
        #expect(rig.cancelled == [1])
        #expect(sender.resumes == [1])
        #expect(sender.failure?.code == .cancelled)
        #expect(rig.holdsNothing)
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.connection.handlersRunning == 0)
        #expect(rig.peer[1].order == "")
    }
}
