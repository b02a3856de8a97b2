// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerCall: what a handler sees and sets")
struct FlowTests {
    private final class Watcher {
        var seen: [StreamFlow] = []
        var ends = 0
        lazy var observer = FlowObserver { [unowned self] flow in
            if let flow { seen.append(flow) } else { ends += 1 }
        }
        var causes: [StreamStalled.Cause?] { seen.map(\.blockedCause) }
    }

    private func rig(window: Int) throws -> (ServerRig, ServerCall) {
        let rig = try ServerRig()
        rig.connect([.initialWindow(window)])
        return (rig, try #require(rig.openList()))
    }

    @Test("windows, queue, waiting bytes, cause and time are the connection's own numbers")
    func numbers() throws {
        let (rig, call) = try rig(window: 1_000)
        #expect(call.streamFlow(at: rig.now).blockedCause == nil)
        _ = rig.stream(call, [600])
        let waits = [Waiting(call, 900), Waiting(call, 50)]
        rig.pump()
        rig.advance(by: .milliseconds(250))
        let flow = call.streamFlow(at: rig.now)
        #expect(flow.streamWindowBytes == 395)
        #expect(flow.connectionWindowBytes == 65_535 - 605)
        #expect(flow.queuedBytes == 0)
        #expect(flow.waitingBytes == 905 + 55)
        #expect(flow.blockedCause == .streamWindow)
        #expect(flow.blockedFor == .milliseconds(250))
        #expect(flow.messagesSent == 1)
        rig.feed(.windowUpdate(1_000, stream: 1))
        #expect(waits.allSatisfy { $0.wasGranted })
        let after = call.streamFlow(at: rig.now)
        #expect(after.blockedCause == nil)
        #expect(after.blockedFor == .zero)
        #expect(after.waitingBytes == 0)
        #expect(after.messagesSent == 3)
    }

    @Test("observers hear of each change of the cause once, and once of the end")
    func changes() throws {
        let (rig, call) = try rig(window: 100)
        let watcher = Watcher()
        #expect(call.addObserver(watcher.observer))
        _ = rig.stream(call, [95, 95, 95])
        #expect(watcher.causes == [.streamWindow])
        rig.advance(by: .milliseconds(200))
        #expect(watcher.seen.count == 1)
        rig.feed(.windowUpdate(1_000, stream: 1))
        #expect(watcher.causes == [.streamWindow, nil])
        #expect(watcher.ends == 0)
        rig.feed(.reset(1, code: 8))
        #expect(watcher.ends == 1)
        #expect(!call.addObserver(Watcher().observer))
    }

    @Test("an observer of a stream that is blocked already hears of it at once")
    func blockedBefore() throws {
        let (rig, call) = try rig(window: 0)
        _ = rig.stream(call, [95])
        let watcher = Watcher()
        #expect(call.addObserver(watcher.observer))
        #expect(watcher.seen.isEmpty)
        rig.pump()
        #expect(watcher.causes == [.streamWindow])
        call.removeObserver(watcher.observer)
        rig.feed(.windowUpdate(1_000, stream: 1))
        #expect(watcher.causes == [.streamWindow])
    }

    @Test("a stream has a bounded number of observers")
    func bounded() throws {
        let (_, call) = try rig(window: 0)
        let watchers = (0..<ServerCall.maximumFlowObservers).map { _ in Watcher() }
        for watcher in watchers { #expect(call.addObserver(watcher.observer)) }
        let late = Watcher()
        #expect(!call.addObserver(late.observer))
        call.removeObserver(watchers[3].observer)
        #expect(call.addObserver(late.observer))
    }

    @Test("a shorter stall deadline that has passed already cuts the stream at once, a longer one is kept")
    func deadlines() throws {
        let (rig, call) = try rig(window: 0)
        _ = rig.stream(call, [95])
        rig.advance(by: .seconds(20))
        call.flow.stallDeadline = .seconds(90)
        rig.pump()
        rig.advance(by: .seconds(50))
        #expect(rig.stalls.isEmpty)
        call.flow.stallDeadline = .seconds(30)
        rig.pump()
        #expect(try #require(rig.connection.nextDeadline) <= rig.now)
        rig.advance(by: .zero)
        #expect(rig.stalls.count == 1)
        #expect(rig.stalls.first?.stalledFor == .seconds(70))
    }

    @Test("a tail deadline set by the handler holds after it returned, for its own call only")
    func tail() throws {
        let (rig, call) = try rig(window: 0)
        let other = try #require(rig.openList(3))
        rig.feed(.initialWindow(1_000))
        for each in [call, other] { _ = rig.stream(each, [5_000]) }
        call.flow.tailDeadline = .seconds(5)
        for each in [call, other] { each.handlerReturned(Status(code: .ok)) }
        rig.pump()
        rig.advance(by: .seconds(6))
        #expect(rig.stalls.map(\.isTail) == [true])
        #expect(rig.peer[1].status == "8")
        #expect(rig.peer[3].status == nil)
    }
}
