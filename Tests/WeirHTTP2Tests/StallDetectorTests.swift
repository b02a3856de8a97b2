// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("StallDetector")
struct StallDetectorTests {
    private let never = MonotonicInstant(nanoseconds: .min)

    private func at(_ seconds: Int64, _ nanoseconds: Int64 = 0) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
    }

    private func due(_ detector: StallDetector, connection: MonotonicInstant? = nil) -> MonotonicInstant? {
        detector.stallInstant(deadline: .seconds(60), connectionProgress: connection ?? never)
    }

    @Test("a stream that is not blocked never stalls")
    func notBlocked() {
        var detector = StallDetector()
        #expect(due(detector) == nil)
        detector.progressed(at: at(5))
        #expect(due(detector) == nil)
        #expect(detector.cause == nil)
    }

    @Test("stalls at the deadline and not a nanosecond before", arguments: [(-1, false), (0, true), (1, true)])
    func deadline(offset: Int64, isDue: Bool) throws {
        var detector = StallDetector()
        detector.blocked(.streamWindow, at: at(10), progressOfConnection: nil)
        let instant = try #require(due(detector))
        #expect((instant <= at(70, offset)) == isDue)
    }

    @Test("being told again that it is blocked does not restart the clock")
    func blockedAgain() {
        var detector = StallDetector()
        for second in Int64(10)..<40 { detector.blocked(.streamWindow, at: at(second), progressOfConnection: nil) }
        #expect(due(detector) == at(70))
        #expect(detector.blockedSince == at(10))
    }

    @Test("a byte that moves restarts the clock")
    func progress() {
        var detector = StallDetector()
        detector.blocked(.streamWindow, at: at(10), progressOfConnection: nil)
        detector.progressed(at: at(69))
        #expect(due(detector) == at(129))
        #expect(detector.blockedSince == at(69))
    }

    @Test("being unblocked stops the clock, and the next block starts it anew")
    func unblocked() {
        var detector = StallDetector()
        detector.blocked(.budget, at: at(10), progressOfConnection: nil)
        detector.unblocked()
        #expect(due(detector) == nil)
        detector.blocked(.budget, at: at(30), progressOfConnection: nil)
        #expect(due(detector) == at(90))
    }

    @Test("with its own window open, the connection's progress keeps a stream alive")
    func connectionProgressCounts() {
        var detector = StallDetector()
        detector.blocked(.connectionWindow, at: at(10), progressOfConnection: at(9))
        #expect(detector.countsConnection)
        #expect(due(detector, connection: at(9)) == at(70))
        #expect(due(detector, connection: at(50)) == at(110))
    }

    @Test("with its own window closed, the connection's progress does not")
    func connectionProgressDoesNotCount() {
        var detector = StallDetector()
        detector.blocked(.streamWindow, at: at(10), progressOfConnection: nil)
        #expect(due(detector, connection: at(50)) == at(70))
    }

    @Test("a change of cause alone does not restart the clock")
    func causeChanges() {
        var detector = StallDetector()
        detector.blocked(.streamWindow, at: at(10), progressOfConnection: nil)
        detector.blocked(.socket, at: at(20), progressOfConnection: nil)
        #expect(detector.cause == .socket)
        #expect(due(detector) == at(70))
    }

    @Test("from the connection's clock to its own: starts at the last progress that counted, and never in the future")
    func ownClockAfterConnections() {
        var detector = StallDetector()
        detector.blocked(.connectionWindow, at: at(10), progressOfConnection: at(10))
        detector.blocked(.connectionWindow, at: at(40), progressOfConnection: at(35))
        detector.blocked(.streamWindow, at: at(45), progressOfConnection: nil)
        #expect(due(detector, connection: at(50)) == at(95))
        var future = StallDetector()
        future.blocked(.connectionWindow, at: at(10), progressOfConnection: at(99))
        future.blocked(.streamWindow, at: at(45), progressOfConnection: nil)
        #expect(due(future) == at(105))
    }

    @Test("an endless deadline is never reached")
    func saturates() {
        var detector = StallDetector()
        detector.blocked(.streamWindow, at: at(10), progressOfConnection: nil)
        let instant = detector.stallInstant(deadline: .seconds(Int64.max), connectionProgress: never)
        #expect(instant == .distantFuture)
    }
}
