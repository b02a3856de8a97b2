// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirTesting

@Suite("The bench's rules on made-up observations")
struct BenchRuleTests {
    /// Deadline 8 s, so punctual is 10 s and patience 15 s.
    private let plan = BenchPlan(call: ClientCall(path: "/a/b"), stallDeadline: .seconds(8))

    private func verdict(_ judge: (inout Judgement) -> Void) -> Judgement.Verdict {
        var judgement = Judgement(criterion: "")
        judge(&judgement)
        return judgement.verdict
    }

    // MARK: - Stalled streams

    /// A connection with one stream whose last byte came after a second.
    private func stalled(_ change: (inout StreamRecord, inout ConnectionRecord) -> Void) -> ConnectionRecord {
        var stream = StreamRecord(stream: 1, beganAt: .zero)
        var connection = ConnectionRecord()
        stream.dataBytes = 65_535
        stream.firstDataAt = .zero
        stream.lastDataAt = .seconds(1)
        change(&stream, &connection)
        connection.streams = [stream]
        connection.callsBegun = 1
        return connection
    }

    private func verdict(
        stalled connection: ConnectionRecord, until end: Duration = .seconds(16), canBeTold: Bool = true,
        _ plan: BenchPlan? = nil
    ) -> Judgement.Verdict {
        let rule = StalledStreamRule(canBeTold: canBeTold)
        let plan = plan ?? self.plan
        return verdict { rule.judge(rule.streams([connection], until: end, plan), plan, &$0) }
    }

    @Test(
        "a stalled stream that is told",
        arguments: [(2_500, "pass"), (11_000, "pass"), (11_001, "weak"), (900_000, "weak")])
    func told(milliseconds: Int, expected: String) {
        let connection = stalled { stream, _ in
            stream.endedAt = .milliseconds(milliseconds)
            (stream.status, stream.message) = (8, "too slow")
        }
        #expect(verdict(stalled: connection).rawValue == expected)
    }

    @Test("a stalled stream that is ended in time but so that nobody sees why is weak")
    func manners() {
        for message in [nil, ""] {
            let connection = stalled { stream, _ in
                (stream.endedAt, stream.status, stream.message) = (.seconds(9), 8, message)
            }
            #expect(verdict(stalled: connection) == .weak)
        }
        let reset = stalled { stream, _ in (stream.endedAt, stream.reset) = (.seconds(9), 8) }
        #expect(verdict(stalled: reset) == .weak)
        #expect(verdict(stalled: reset, canBeTold: false) == .pass)
        #expect(verdict(stalled: stalled { $1.closedAt = .seconds(9) }) == .weak)
        #expect(
            verdict(stalled: stalled { (stream, _) in (stream.endedAt, stream.status) = (.seconds(9), 0) }) == .weak)
    }

    @Test("a stalled stream that is held", arguments: [(10_999, "inconclusive"), (11_001, "fail")])
    func held(milliseconds: Int, expected: String) {
        #expect(verdict(stalled: stalled { _, _ in }, until: .milliseconds(milliseconds)).rawValue == expected)
    }

    @Test("a stream that was complete, or refused, shows nothing")
    func unstalled() {
        var finite = plan
        finite.control.responseBytes = 65_535
        let complete = stalled { stream, _ in (stream.endedAt, stream.status) = (.seconds(1), 0) }
        #expect(verdict(stalled: complete, finite) == .inconclusive)
        for (time, expected) in [(1_999, Judgement.Verdict.inconclusive), (2_000, .pass)] {
            let refused = stalled { stream, _ in
                (stream.dataBytes, stream.lastDataAt, stream.firstDataAt) = (0, nil, nil)
                (stream.endedAt, stream.status, stream.message) = (.milliseconds(time), 8, "busy")
            }
            #expect(verdict(stalled: refused) == expected)
        }
        #expect(verdict(stalled: ConnectionRecord()) == .inconclusive)
    }

    @Test("the time of a connection's window counts from the last byte of any of its streams")
    func connectionWide() {
        var connection = stalled { stream, _ in
            (stream.endedAt, stream.status, stream.message) = (.seconds(12), 8, "too slow")
        }
        var other = connection.streams[0]
        other.lastDataAt = .seconds(2)
        connection.streams.append(other)
        let whole = StalledStreamRule(countsConnection: true)
        #expect(whole.streams([connection], until: .seconds(20), plan).map(\.after) == [.seconds(10), .seconds(10)])
        let alone = StalledStreamRule()
        #expect(alone.streams([connection], until: .seconds(20), plan).map(\.after) == [.seconds(11), .seconds(10)])
    }

    // MARK: - Closed connections

    @Test("a connection that is to be closed", arguments: [(10_000, "pass"), (10_001, "weak")])
    func closed(milliseconds: Int, expected: String) {
        var connection = ConnectionRecord()
        connection.closedAt = .milliseconds(milliseconds)
        let rule = ClosedConnectionRule(punctual: .seconds(10))
        #expect(verdict { rule.judge(connection, until: .seconds(20), &$0) }.rawValue == expected)
    }

    @Test("a connection that is not closed: what a probe says counts")
    func notClosed() {
        var connection = ConnectionRecord()
        let rule = ClosedConnectionRule(punctual: .seconds(10))
        #expect(verdict { rule.judge(connection, until: .seconds(10), &$0) } == .fail)
        #expect(verdict { rule.judge(connection, until: .milliseconds(9_999), &$0) } == .inconclusive)
        let lenient = ClosedConnectionRule(punctual: .seconds(10), never: .weak)
        #expect(verdict { lenient.judge(connection, until: .seconds(10), &$0) } == .weak)
        connection.serverClosed = false
        #expect(verdict { rule.judge(connection, until: .seconds(10), &$0) } == .fail)
        connection.serverClosed = true
        #expect(verdict { rule.judge(connection, until: .seconds(10), &$0) } == .pass)
        connection.serverClosed = nil
        connection.goAway = .init(at: .seconds(3), code: 4, lastStream: 0, text: "")
        #expect(verdict { rule.judge(connection, until: .seconds(10), &$0) } == .fail)
        let told = ClosedConnectionRule(punctual: .seconds(10), goAwayCounts: true)
        #expect(verdict { told.judge(connection, until: .seconds(10), &$0) } == .pass)
    }

    @Test("a flood may be read as far as the kernels hold its answers")
    func flood() {
        var connection = ConnectionRecord()
        connection.closedAt = .seconds(9)
        let rule = FloodRule(frames: "PING", punctual: .seconds(10))
        connection.sentBytes = FloodRule.mostBytes
        #expect(verdict { rule.judge(connection, until: .seconds(10), &$0) } == .pass)
        connection.sentBytes += 1
        #expect(verdict { rule.judge(connection, until: .seconds(10), &$0) } == .fail)
    }

    // MARK: - Honest readers

    private func honest(_ change: (inout StreamRecord, inout ConnectionRecord) -> Void) -> Judgement.Verdict {
        let rule = HonestReaderRule(ownPause: .seconds(1), expectedBytes: 100_000, neededBytes: 1_000)
        let connection = stalled(change)
        return verdict { rule.judge([connection], until: .seconds(2), &$0) }
    }

    @Test(
        "an honest reader that gets so much",
        arguments: [(50_000, "pass"), (49_999, "weak"), (25_000, "weak"), (24_999, "fail")])
    func bytes(count: Int, expected: String) {
        #expect(honest { stream, _ in stream.dataBytes = count }.rawValue == expected)
    }

    @Test(
        "an honest reader that waits so long",
        arguments: [(3_000, "pass"), (3_001, "weak"), (7_000, "weak"), (7_001, "fail")])
    func waits(milliseconds: Int, expected: String) {
        #expect(honest { stream, _ in stream.longestGap = .milliseconds(milliseconds) }.rawValue == expected)
        #expect(HonestReaderRule.wait(StreamRecord(stream: 1, beganAt: .seconds(1)), until: .seconds(3)) == .seconds(2))
    }

    @Test("an honest reader must not be ended")
    func honestEnds() {
        func ended(_ status: Int?, _ bytes: Int) -> Judgement.Verdict {
            honest { stream, _ in (stream.endedAt, stream.status, stream.dataBytes) = (.seconds(2), status, bytes) }
        }
        #expect(ended(0, 1_000) == .pass)
        #expect(ended(0, 999) == .inconclusive)
        #expect(ended(8, 1_000) == .fail)
        #expect(ended(nil, 1_000) == .fail)
        #expect(honest { $1.closedAt = .seconds(2) } == .fail)
        #expect(honest { $1.leftAt = .seconds(2) } == .pass)
    }

    /// A server that ends connections once they are old says so, and finishes what it had begun (RFC 9113 §6.8).
    @Test("an honest reader may be sent away, and then nothing is known")
    func sentAway() {
        func goAway(
            code: UInt32 = 0, last: Int32, closed: Bool = true, _ change: (inout StreamRecord) -> Void = { _ in }
        ) -> Judgement.Verdict {
            honest { stream, connection in
                connection.goAway = .init(at: .seconds(1), code: code, lastStream: last, text: "max_age")
                if closed { connection.closedAt = .seconds(2) }
                change(&stream)
            }
        }
        func complete(_ stream: inout StreamRecord) { (stream.endedAt, stream.status) = (.seconds(2), 0) }
        func refused(_ stream: inout StreamRecord) {
            (stream.endedAt, stream.reset, stream.dataBytes) = (.seconds(2), 7, 0)
            (stream.firstDataAt, stream.lastDataAt) = (nil, nil)
        }
        #expect(goAway(last: 1, complete) == .inconclusive)
        #expect(goAway(last: 0, refused) == .inconclusive)
        #expect(goAway(last: 0) { ($0.dataBytes, $0.firstDataAt, $0.lastDataAt) = (0, nil, nil) } == .inconclusive)
        // Not refused: it had been begun, and was cut.
        #expect(goAway(last: 1) == .fail)
        #expect(goAway(last: 1) { ($0.endedAt, $0.status) = (.seconds(2), 8) } == .fail)
        #expect(goAway(last: 1, refused) == .fail)
        // With an error it was sent away for something.
        #expect(goAway(code: 11, last: 0, refused) == .fail)
        // Announced, and everything goes on.
        #expect(goAway(last: 1, closed: false) == .pass)
    }

    @Test("an honest reader that took its leave itself is let go once its calls are complete, and only then")
    func tookLeave() {
        func goodbye(_ change: @escaping (inout StreamRecord) -> Void) -> Judgement.Verdict {
            honest { stream, connection in
                connection.goAwaySentAt = .milliseconds(500)
                connection.goAway = .init(at: .seconds(1), code: 0, lastStream: 1, text: "")
                connection.closedAt = .seconds(2)
                change(&stream)
            }
        }
        #expect(goodbye { ($0.endedAt, $0.status) = (.seconds(2), 0) } == .pass)
        #expect(goodbye { _ in } == .fail)
        #expect(goodbye { ($0.endedAt, $0.status) = (.seconds(2), 8) } == .fail)
    }

    @Test("of several streams it is said that they were, of one that it was")
    func grammar() {
        #expect(BenchText.count(10, of: 10, "stream", .was) == "10 of 10 streams were")
        #expect(BenchText.count(1, of: 10, "stream", .was) == "1 of 10 streams was")
        #expect(BenchText.count(1, of: 1, "stream", .was) == "The stream was")
        let connection = stalled { _, _ in }
        var judgement = Judgement(criterion: "")
        let rule = StalledStreamRule()
        rule.judge(rule.streams([connection, connection], until: .seconds(16), plan), plan, &judgement)
        #expect(judgement.reasons.first?.hasPrefix("2 of 2 streams were still held") == true, "\(judgement.reasons)")
    }

    @Test("a status text is read as people write it")
    func statusText() {
        let connection = stalled { stream, _ in
            (stream.endedAt, stream.status, stream.message) = (.seconds(9), 8, "50%25 %C3%BCber the limit%3A no credit")
        }
        var judgement = Judgement(criterion: "")
        let rule = StalledStreamRule()
        rule.judge(rule.streams([connection], until: .seconds(16), plan), plan, &judgement)
        let figure = judgement.figures.first { $0.name == "messageText" }?.value
        #expect(figure == .text("50% über the limit: no credit"))
        #expect(StalledStreamRule.text(of: connection.streams[0]) == "status 8 \"50% über the limit: no credit\"")
    }

    @Test("what the network takes is not the server's")
    func roundTrip() {
        var plan = BenchPlan(call: ClientCall(path: "/a/b"), stallDeadline: .seconds(8))
        let profile = IdleSubscribersThenBurstProfile()
        let connection = stalled { stream, _ in
            // The windows open after two seconds, and the first byte comes 200 ms later than it may.
            let allowed = plan.methodPause + IdleSubscribersThenBurstProfile.passWait
            (stream.firstDataAt, stream.lastDataAt) = (.milliseconds(2_200) + allowed, .milliseconds(2_900))
        }
        var seen = BenchObservation()
        seen.connections = [connection]
        seen.elapsed = .seconds(3)
        seen.canary.calls = 10
        func waited() -> Bool { profile.judge(seen, plan).reasons.contains { $0.hasPrefix("A stream waited") } }
        #expect(waited())
        plan.control.roundTrip = .milliseconds(200)
        #expect(!waited())
        plan.control.roundTrip = .milliseconds(199)
        #expect(waited())
    }

    @Test("streams share", arguments: [(4, "pass"), (5, "weak")])
    func shares(part: Int, expected: String) {
        let mean = 1 << 20
        let streams = [mean / part, 2 * mean - mean / part].map { bytes in
            var stream = StreamRecord(stream: 1, beganAt: .zero)
            stream.dataBytes = bytes
            return stream
        }
        #expect(verdict { FairShareRule().judge(streams, &$0) }.rawValue == expected)
    }

    // MARK: - Periods and windows

    @Test("when all are stalled, and how many at once")
    func periods() {
        var connection = stalled { stream, _ in (stream.endedAt, stream.status) = (.seconds(9), 8) }
        var second = StreamRecord(stream: 3, beganAt: .seconds(9))
        second.endedAt = .seconds(17)
        connection.streams.append(second)
        let streams = StalledStreamRule().streams([connection], until: .seconds(20), plan)
        #expect(StalledPeriod.of(streams, until: .seconds(20)) == .milliseconds(1_500)...(.seconds(9)))
        #expect(StalledPeriod.of(streams, until: .seconds(1)) == nil)
        #expect(StalledPeriod.most(streams) == 1)
        #expect(StalledPeriod.most(streams + streams) == 2)
        #expect(StalledPeriod.of([], until: .seconds(1)) == nil)
    }

    @Test("what a window can carry is not expected twice over a long way")
    func farAway() {
        var canary = BenchObservation.Canary()
        #expect(plan.bytesPerSecond(windows: 10, of: canary) == plan.bytesPerSecond)
        canary.percentile99 = .milliseconds(200)
        #expect(plan.bytesPerSecond(windows: 1, of: canary) == 327_675)
        #expect(plan.bytesPerSecond(windows: 2, of: canary) == 655_350)
    }

    @Test("a method may take as long to begin as it took for the control, and as long again")
    func beginsLate() {
        var plan = plan
        plan.control.firstDataAfter = .seconds(9)
        #expect(plan.methodPause == .seconds(18))
        plan.control.firstDataAfter = .seconds(900)
        #expect(plan.methodPause == .seconds(60))
    }

    @Test("windows that fill, for every method")
    func windows() {
        var plan = plan
        #expect(plan.stallWindowBytes == 65_535)
        plan.control.responseBytes = 20_000
        #expect(plan.stallWindowBytes == 10_000)
        plan.control.bytesPerSecond = 5_000
        #expect(plan.stallWindowBytes == 5_000)
        #expect(plan.canStall)
        plan.control.responseBytes = 2_047
        #expect(plan.stallWindowBytes == 1_024)
        #expect(!plan.canStall)
        for odd in [Double.nan, .infinity, 0, -1] {
            plan.control.bytesPerSecond = odd
            #expect(plan.stallWindowBytes >= 1_024)
            #expect(plan.fills(1 << 40) <= .seconds(30))
            #expect(plan.methodPause <= .seconds(60))
        }
    }
}
