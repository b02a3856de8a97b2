// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: who stands in line for connection credit when a sender gives up")
struct CreditQueueTests {
    @Test("the next stream goes on with the credit that the first one saved up", arguments: [true, false])
    func headGivesUp(cancels: Bool) throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let first = try #require(rig.openList(1))
        let second = try #require(rig.openList(3))
        _ = rig.stream(first, [35_530])
        #expect(rig.connection.session.flow.window.bytes == 30_000)
        rig.feed(.windowUpdate(100_000), .windowUpdate(100_000, stream: 1))
        _ = rig.stream(first, [49_995, 49_995])
        #expect(rig.connection.session.flow.window.bytes == 30_000)
        let large = Waiting(first, 50_000, deadline: cancels ? nil : .milliseconds(100))
        rig.pump()
        let small = Waiting(second, 10_000)
        rig.pump()
        #expect(large.isWaiting && small.isWaiting)
        if cancels {
            large.cancel()
            rig.pump()
        } else {
            rig.advance(by: .milliseconds(100))
        }
        #expect(!large.isWaiting)
        #expect(small.wasGranted)
        #expect(rig.peer[3].messages.sizes == [10_000])
    }

    @Test("so does the next sender of the same stream when the first one's deadline passes")
    func nextSenderOfHead() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let call = try #require(rig.openList(1))
        let other = try #require(rig.openList(3))
        _ = rig.stream(other, [35_530])
        rig.feed(.windowUpdate(100_000), .windowUpdate(100_000, stream: 3))
        _ = rig.stream(other, [49_995, 49_995])
        #expect(rig.connection.session.flow.window.bytes == 30_000)
        let large = Waiting(call, 50_000, deadline: .milliseconds(100))
        let small = Waiting(call, 10_000)
        rig.pump()
        #expect(large.isWaiting && small.isWaiting)
        rig.advance(by: .milliseconds(100))
        #expect(large.timedOut != nil)
        #expect(small.wasGranted)
    }

    @Test("credit that was set aside for queued messages is there for others when a reset drops those")
    func resetFreesReservation() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        rig.feed(.windowUpdate(1 << 20))
        let calls = try [Int32(1), 3].map { try #require(rig.openList($0)) }
        rig.socketIsOpen = false
        // With the first one's DATA the output is full.
        _ = rig.stream(calls[1], [100_000])
        _ = rig.stream(calls[0], [30_000])
        #expect(rig.connection.session.flow.reservedBytes > 30_000)
        rig.feed(.reset(1, code: 8))
        rig.feed(.reset(3, code: 8))
        #expect(rig.connection.session.flow.reservedBytes == 0)
    }

    @Test("a message larger than any window goes on when the connection's window opens, which is all it waits for")
    func largeMessage() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 17)])
        let calls = try [Int32(1), 3].map { try #require(rig.openList($0)) }
        _ = rig.stream(calls[1], [65_530])
        let large = rig.stream(calls[0], [200_000])
        #expect(large.isWaiting)
        rig.feed(.windowUpdate(10_000))
        #expect(large.written == [200_000])
        #expect(rig.peer[1].dataBytes == 10_000)
    }

    @Test("DATA that waits for connection credit keeps its place when a sender behind it is cancelled")
    func deferredDataKeepsItsPlace() throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        let call = try #require(rig.openList(1))
        _ = rig.stream(call, [100_000])
        #expect(rig.connection.session.flow.window.bytes == 0)
        // All credit that comes is set aside for another stream, so the rest of the message is put off.
        let other = Sender(try #require(rig.openList(3)), [5_000])
        other.redeemsAtOnce = false
        other.run()
        rig.pump()
        rig.feed(.windowUpdate(5_005))
        #expect(other.holdsGrant)
        let waiting = Waiting(call, 10)
        rig.pump()
        waiting.cancel()
        rig.pump()
        rig.feed(.windowUpdate(200_000))
        #expect(rig.peer[1].messages.sizes == [100_000])
        other.redeem()
        rig.pump()
        #expect(rig.peer[3].messages.sizes == [5_000])
    }
}
