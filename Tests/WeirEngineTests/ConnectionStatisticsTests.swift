// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: what is counted for channelz")
struct ConnectionStatisticsTests {
    /// Calls begun, succeeded and failed, then streams.
    private func counts(_ rig: ServerRig) -> [UInt64] {
        let counted = rig.connection.statistics
        return [
            counted.callsStarted, counted.callsSucceeded, counted.callsFailed, counted.streamsStarted,
            counted.streamsSucceeded, counted.streamsFailed,
        ]
    }

    @Test("a call that ends with OK, one with another status, and a path that leads nowhere")
    func ends() throws {
        let rig = try ServerRig()
        rig.connect()
        #expect(rig.connection.statistics == ConnectionStatistics())
        let first = try #require(rig.openList())
        let sender = rig.stream(first, [10, 20, 30])
        #expect(sender.written.count == 3)
        #expect(counts(rig) == [1, 0, 0, 1, 0, 0])
        #expect(rig.connection.statistics.messagesSent == 3)
        #expect(rig.connection.statistics.messagesReceived == 1)
        first.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(counts(rig) == [1, 1, 0, 1, 1, 0])
        rig.advance(by: .seconds(5))
        let second = try #require(rig.openList(3))
        #expect(rig.connection.statistics.lastCallAt == rig.now)
        second.handlerReturned(Status(code: .notFound))
        rig.pump()
        #expect(counts(rig) == [2, 1, 1, 2, 2, 0])
        rig.feed(ServerRig.request("/no.Service/Method", stream: 5))
        #expect(counts(rig) == [2, 1, 1, 3, 3, 0])
        #expect(rig.connection.statistics.messagesSent == 3)
    }

    @Test("a stream that the client resets has failed, and its call too, whatever the handler says then")
    func reset() throws {
        let rig = try ServerRig()
        rig.connect()
        let call = try #require(rig.openList())
        rig.feed(.reset(1, code: 8))
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(counts(rig) == [1, 0, 1, 1, 0, 1])
    }

    @Test("a message that was queued and dropped was not sent")
    func dropped() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(100)])
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [15, 15, 15, 15])
        #expect(sender.written.count == 4)
        #expect(call.messagesSent == 4)
        // Larger than any window of this client's: goes out in parts, and what is left is dropped at the stall deadline.
        let large = rig.stream(call, [400])
        rig.advance(by: .seconds(61))
        #expect(rig.peer[1].status == "8")
        call.handlerReturned(Status(code: .ok))
        #expect(rig.connection.statistics.messagesSent == UInt64(rig.peer[1].messages.sizes.count))
        #expect(rig.peer[1].messages.sizes.count == 4 && rig.peer[1].messages.rest > 0)
        #expect(large.written == [400])
        #expect(counts(rig) == [1, 0, 1, 1, 1, 0])
    }

    @Test("calls of a connection that is lost have failed, each once")
    func lost() throws {
        let rig = try ServerRig()
        rig.connect()
        let calls = try [1, 3].map { try #require(rig.openList($0)) }
        rig.connection.connectionLost("gone", at: rig.now)
        for call in calls { call.handlerReturned(Status(code: .ok)) }
        #expect(counts(rig) == [2, 0, 2, 2, 0, 2])
    }
}
