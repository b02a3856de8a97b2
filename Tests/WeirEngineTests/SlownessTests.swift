// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: idle deadline and minimum rate")
struct SlownessTests {
    private func rig(_ configure: (inout FlowSettings) -> Void) throws -> ServerRig {
        try ServerRig { configure(&$0.flow) }
    }

    @Test("a stream on which nothing happens is ended at the idle deadline, not before")
    func idle() throws {
        let rig = try rig { $0.idleDeadline = .seconds(30) }
        rig.connect()
        _ = try #require(rig.openList())
        rig.advance(by: .seconds(30) - .nanoseconds(1))
        #expect(!rig.peer[1].ended)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.peer[1].status == "14")
        #expect(rig.peer[1].message?.contains("idle") == true)
        #expect(rig.idles == 1)
        #expect(rig.cancelled == [1])
        #expect(rig.connection.counts.timers == 0)
    }

    @Test("a message that was sent begins the idle time anew")
    func idleRestarts() throws {
        let rig = try rig { $0.idleDeadline = .seconds(30) }
        rig.connect()
        let call = try #require(rig.openList())
        rig.advance(by: .seconds(20))
        _ = rig.stream(call, [10])
        rig.advance(by: .seconds(29))
        #expect(!rig.peer[1].ended)
        rig.advance(by: .seconds(1))
        #expect(rig.peer[1].status == "14")
    }

    @Test("so does a message that was received")
    func idleRestartsAtReceipt() throws {
        let rig = try rig { $0.idleDeadline = .seconds(30) }
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/Talk", stream: 1, ends: false))
        rig.advance(by: .seconds(20))
        rig.feed(.data([0, 0, 0, 0, 1, 7], stream: 1))
        rig.advance(by: .seconds(29))
        #expect(!rig.peer[1].ended)
        rig.advance(by: .seconds(1))
        #expect(rig.peer[1].status == "14")
    }

    @Test("a blocked stream is not idle, and an idle one without the setting lives")
    func notIdle() throws {
        let blocked = try rig {
            $0.idleDeadline = .seconds(30); $0.stallDeadline = .seconds(3600)
        }
        blocked.connect([.initialWindow(1005)])
        let sender = blocked.stream(try #require(blocked.openList()), [1000, 1000])
        blocked.advance(by: .seconds(1000))
        #expect(sender.isWaiting)
        #expect(blocked.idles == 0)
        let quiet = try rig { _ in }
        quiet.connect()
        _ = try #require(quiet.openList())
        quiet.advance(by: .seconds(100_000))
        #expect(!quiet.peer[1].ended)
    }

    /// A peer that opens the stream's window by `credit` bytes a second; returns how long the stream lived, in seconds.
    private func lifetime(credit: Int, rate: MinimumRate, seconds: Int = 300) throws -> (Int, ServerRig) {
        let rig = try rig { $0.minimumRate = rate }
        rig.connect([.initialWindow(5_000)])
        rig.feed(.windowUpdate(1 << 24))
        _ = rig.stream(try #require(rig.openList()), [Int](repeating: 995, count: 10_000))
        for second in 1...seconds {
            rig.advance(by: .seconds(1))
            if rig.peer[1].ended { return (second, rig) }
            rig.feed(.windowUpdate(credit, stream: 1))
        }
        return (seconds, rig)
    }

    @Test("a reader below the minimum rate is ended although it makes progress; one above it lives")
    func minimumRate() throws {
        let rate = MinimumRate(bytesPerSecond: 1_000, period: .seconds(8), grace: .seconds(20))
        let (slow, rig) = try lifetime(credit: 900, rate: rate)
        #expect((20...22).contains(slow))
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[1].message?.contains("1000 bytes per second") == true)
        #expect(rig.stalls.first?.reason == .tooSlow)
        #expect(rig.holdsNothing)
        let (honest, _) = try lifetime(credit: 1_250, rate: rate)
        #expect(honest == 300)
    }

    @Test("without a minimum rate a byte a second is enough")
    func noRate() throws {
        let rig = try rig { _ in }
        rig.connect([.initialWindow(5_000)])
        _ = rig.stream(try #require(rig.openList()), [Int](repeating: 995, count: 10_000))
        for _ in 1...300 {
            rig.advance(by: .seconds(1))
            rig.feed(.windowUpdate(20, stream: 1))
        }
        #expect(!rig.peer[1].ended)
    }

    @Test("a quiet producer is not taken for a slow reader")
    func quietProducer() throws {
        let rig = try rig {
            $0.minimumRate = MinimumRate(bytesPerSecond: 1_000_000, period: .seconds(1), grace: .seconds(1))
        }
        rig.connect()
        let call = try #require(rig.openList())
        for _ in 0..<100 {
            _ = rig.stream(call, [10])
            rig.advance(by: .seconds(1))
        }
        #expect(!rig.peer[1].ended)
        #expect(rig.peer[1].messages.sizes.count == 100)
    }

    @Test("nor is one that was blocked for a moment, and then read everything")
    func quietAfterBlocked() throws {
        let rig = try rig {
            $0.minimumRate = MinimumRate(bytesPerSecond: 1_000, period: .seconds(8), grace: .seconds(8))
        }
        rig.connect([.initialWindow(1_005)])
        rig.feed(.windowUpdate(1 << 20))
        let call = try #require(rig.openList())
        let sender = rig.stream(call, [1_000, 1_000])
        #expect(sender.isWaiting)
        rig.advance(by: .seconds(1))
        rig.feed(.windowUpdate(10_000, stream: 1))
        #expect(sender.written.count == 2)
        rig.advance(by: .seconds(100))
        #expect(!rig.peer[1].ended)
    }

    @Test("nor is one that waits for a budget of ours")
    func waitsForBudget() throws {
        let rig = try ServerRig {
            $0.connectionSendBudgetBytes = 60_000
            $0.pressureBeforeShedding = .seconds(1_000)
            $0.flow.stallDeadline = .seconds(1_000)
            $0.flow.minimumRate = MinimumRate(bytesPerSecond: 1_000, period: .seconds(8), grace: .seconds(8))
        }
        rig.connect([.initialWindow(5_000)])
        rig.feed(.windowUpdate(1 << 20))
        // One that does not read holds the budget.
        let holder = try #require(rig.openList(1))
        holder.flow.minimumRate = nil
        _ = rig.stream(holder, [59_000])
        let call = try #require(rig.openList(3))
        rig.feed(.windowUpdate(20_000, stream: 3))
        let sender = rig.stream(call, [9_995])
        #expect(sender.isWaiting)
        let awaitsBudget = rig.connection.session.flow.awaitsBudget
        #expect(awaitsBudget)
        rig.advance(by: .seconds(100))
        #expect(rig.stalls.isEmpty)
        #expect(sender.isWaiting)
        rig.feed(.windowUpdate(60_000, stream: 1))
        rig.advance(by: .milliseconds(10))
        #expect(rig.peer[3].messages.sizes == [9_995])
    }

    @Test("a change of a call's deadlines takes effect at once")
    func override() throws {
        let rig = try rig { _ in }
        rig.connect([.initialWindow(1005)])
        let call = try #require(rig.openList())
        _ = rig.stream(call, [1000, 1000])
        rig.advance(by: .seconds(10))
        call.flow.stallDeadline = .seconds(12)
        rig.pump()
        rig.advance(by: .seconds(2) - .nanoseconds(1))
        #expect(rig.stalls.isEmpty)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.stalls.count == 1)
        #expect(rig.peer[1].message?.contains("deadline 12s") == true)
    }

    @Test("an answer in plain HTTP whose window closes is reset at the tail deadline")
    func plainAnswer() throws {
        let rig = try rig { $0.tailDeadline = .seconds(5) }
        rig.connect()
        let request = ServerRig.request("/test.Echo/List", stream: 1, contentType: "text/plain")
        rig.connection.receive(ByteBuffer(bytes: request), at: rig.now)
        // Before the answer has left, the client closes the window that it was queued for.
        rig.feed(.initialWindow(0))
        #expect(rig.peer[1].sections.first?[":status"] == "415")
        #expect(!rig.peer[1].ended)
        rig.advance(by: .seconds(5) - .nanoseconds(1))
        #expect(rig.connection.counts.streams == 1)
        rig.advance(by: .nanoseconds(1))
        #expect(rig.connection.counts.streams == 0)
        #expect(rig.holdsNothing)
    }

    @Test("an answer in plain HTTP for which there is no window waits for it, byte by byte, until the tail deadline")
    func plainAnswerWithoutWindow() throws {
        let rig = try rig { $0.tailDeadline = .seconds(5) }
        rig.connect([.initialWindow(0)])
        for stream in [1, 3] as [Int32] {
            rig.feed(ServerRig.request("/test.Echo/List", stream: stream, contentType: "text/plain"))
            #expect(rig.peer[stream].sections.first?[":status"] == "415")
            #expect(!rig.peer[stream].ended)
        }
        rig.feed(.windowUpdate(1, stream: 3))
        // A byte is not worth a frame, until nothing more came for a while.
        rig.advance(by: .milliseconds(200))
        #expect(rig.peer[3].dataFrames == [1])
        rig.feed(.windowUpdate(1_000, stream: 3))
        #expect(rig.peer[3].ended)
        #expect(rig.peer[3].sections.first?["content-length"] == "\(rig.peer[3].dataBytes)")
        rig.advance(by: .seconds(5))
        #expect(rig.peer[1].order == "HR")
        #expect(rig.peer[1].reset == 8)
        #expect(rig.holdsNothing)
    }

    @Test("an answer in plain HTTP for which there is no budget has no text, and is an answer all the same")
    func plainAnswerWithoutBudget() throws {
        let rig = try ServerRig({ $0.connectionSendBudgetBytes = 10 })
        rig.connect()
        rig.feed(ServerRig.request("/test.Echo/List", stream: 1, contentType: "text/plain"))
        #expect(rig.peer[1].sections.first?[":status"] == "415")
        #expect(rig.peer[1].dataBytes == 0)
        #expect(rig.peer[1].ended)
        #expect(rig.holdsNothing)
    }

    @Test("SETTINGS that shrink the window under a granted message let it go in parts")
    func shrinkUnderGrant() throws {
        let rig = try rig { _ in }
        rig.connect([.initialWindow(6_000)])
        let call = try #require(rig.openList())
        let sender = Sender(call, [5_000, 5_000])
        sender.redeemsAtOnce = false
        sender.run()
        rig.pump()
        rig.feed(.windowUpdate(5_000, stream: 1))
        #expect(sender.holdsGrant)
        rig.feed(.initialWindow(100))
        #expect(rig.connection.session.flow.reservedBytes == 0)
        sender.redeem()
        rig.pump()
        rig.feed(.windowUpdate(10_000, stream: 1))
        rig.advance(by: .seconds(1))
        #expect(rig.peer[1].messages.sizes == [5_000, 5_000])
        call.handlerReturned(Status(code: .ok))
        rig.pump()
        #expect(rig.holdsNothing)
    }
}
