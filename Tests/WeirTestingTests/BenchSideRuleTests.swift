// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirTesting

@Suite("The bench's rules on others, memory, processor and protocol")
struct BenchSideRuleTests {
    private let plan = BenchPlan(call: ClientCall(path: "/a/b"))

    private func verdict(_ judge: (inout Judgement) -> Void) -> Judgement.Verdict {
        var judgement = Judgement(criterion: "")
        judge(&judgement)
        return judgement.verdict
    }

    @Test(
        "the canary beside a profile; alone it took some milliseconds",
        arguments: [
            (1, 100, "pass"), (1, 101, "weak"), (1, 500, "weak"), (1, 501, "fail"),
            (30, 150, "pass"), (30, 151, "weak"), (30, 600, "weak"), (30, 601, "fail"),
        ])
    func canary(alone: Int, beside: Int, expected: String) {
        var seen = BenchObservation()
        seen.canary.calls = 10
        seen.canaryAlone.percentile99 = .milliseconds(alone)
        seen.canary.percentile99 = .milliseconds(beside)
        #expect(verdict { CanaryRule().judge(seen, &$0) }.rawValue == expected)
        seen.canary.percentile99 = .zero
        seen.canaryAlone.longestGap = .milliseconds(alone)
        seen.canary.longestGap = .milliseconds(beside)
        #expect(verdict { CanaryRule().judge(seen, &$0) }.rawValue == expected)
    }

    @Test("the pauses of a method that is quiet by itself say nothing of the server")
    func quietMethod() {
        var seen = BenchObservation()
        seen.canary.calls = 10
        seen.canaryAlone.longestGap = .seconds(1)
        seen.canary.longestGap = .seconds(600)
        #expect(verdict { CanaryRule().judge(seen, &$0) } == .pass)
    }

    @Test("the first reason is one for the verdict, whenever it was found")
    func firstReason() {
        var judgement = Judgement(criterion: "")
        judgement.find(.pass, "seen")
        judgement.find(.inconclusive, "unclear")
        judgement.find(.fail, "bad")
        judgement.find(.weak, "late")
        judgement.find(.fail, "bad too")
        #expect(judgement.verdict == .fail)
        #expect(judgement.reasons == ["bad", "unclear", "seen", "late", "bad too"])
    }

    @Test("a canary whose calls fail, and one that made none")
    func canaryFails() {
        var seen = BenchObservation()
        #expect(verdict { CanaryRule().judge(seen, &$0) } == .inconclusive)
        seen.canary.calls = 1_000
        #expect(verdict { CanaryRule().judge(seen, &$0) } == .pass)
        seen.canary.failures = 1
        #expect(verdict { CanaryRule().judge(seen, &$0) } == .fail)
    }

    private func memory(_ rule: MemoryRule, peak: Int, samples: [(Int, Int)] = []) -> Judgement.Verdict {
        var seen = BenchObservation()
        var process = BenchObservation.Process()
        process.residentBytesBefore = 1_000
        process.residentBytesPeak = 1_000 + peak
        seen.process = process
        seen.samples = samples.map { at, bytes in
            var sample = BenchObservation.Sample()
            (sample.at, sample.residentBytes) = (.seconds(at), 1_000 + bytes)
            return sample
        }
        return verdict { rule.judge(seen, &$0) }
    }

    @Test("memory for each of ten streams")
    func memoryPerStream() {
        let (kib, noise) = (1_024, 8 << 20)
        let rule = MemoryRule(streams: 10)
        #expect(memory(rule, peak: 2_560 * kib + noise) == .pass)
        #expect(memory(rule, peak: 2_560 * kib + noise + 1) == .weak)
        #expect(memory(rule, peak: 10_240 * kib + noise) == .weak)
        #expect(memory(rule, peak: 10_240 * kib + noise + 1) == .fail)
        #expect(verdict { rule.judge(BenchObservation(), &$0) } == .pass)
    }

    @Test("memory that grows while nothing moves, and memory that is not used again")
    func memoryOverTime() {
        let limit = 256 * 1_024 + (8 << 20)
        let growing = MemoryRule(streams: 1, stalled: .seconds(2)...(.seconds(4)))
        #expect(memory(growing, peak: 0, samples: [(1, -limit), (2, 0), (3, limit), (5, 2 * limit)]) == .pass)
        #expect(memory(growing, peak: 0, samples: [(1, -limit), (2, 0), (3, limit + 1), (5, 0)]) == .fail)
        let waves = MemoryRule(streams: 1_000, secondWaveAt: .seconds(3))
        let noise = 8 << 20
        #expect(memory(waves, peak: 0, samples: [(1, 4_000), (2, 0), (3, 5_000 + noise)]) == .pass)
        #expect(memory(waves, peak: 0, samples: [(1, 4_000), (2, 0), (3, 5_001 + noise)]) == .fail)
    }

    @Test(
        "the processor while all are stalled", arguments: [(374, "pass"), (375, "weak"), (724, "weak"), (726, "fail")])
    func processor(milliseconds: Int, expected: String) {
        var seen = BenchObservation()
        seen.process = BenchObservation.Process()
        seen.process?.processorShareAlone = 0.125
        seen.samples = [(1, 0), (2, 5_000), (3, 5_000 + milliseconds), (4, 90_000)].map { at, used in
            var sample = BenchObservation.Sample()
            (sample.at, sample.processorTime) = (.seconds(at), .milliseconds(used))
            return sample
        }
        let rule = ProcessorRule(stalled: .seconds(2)...(.seconds(3)))
        #expect(verdict { rule.judge(seen, &$0) }.rawValue == expected)
    }

    @Test("what no server may do")
    func protocolRule() {
        func judge(_ change: (inout BenchObservation, inout StreamRecord, inout BenchPlan) -> Void) -> Judgement.Verdict
        {
            var (seen, plan) = (BenchObservation(), plan)
            var stream = StreamRecord(stream: 1, beganAt: .zero)
            (stream.endedAt, stream.status, stream.dataBytes) = (.seconds(1), 0, 100)
            plan.control.responseBytes = 100
            var connection = ConnectionRecord()
            change(&seen, &stream, &plan)
            connection.isUnderstood = seen.elapsed == .zero
            connection.streams = [stream]
            seen.connections = [connection]
            return verdict { ProtocolRule().judge(seen, plan, &$0) }
        }
        #expect(judge { _, _, _ in } == .pass)
        #expect(judge { _, stream, _ in stream.violationBytes = 1 } == .fail)
        #expect(judge { seen, _, _ in seen.elapsed = .seconds(1) } == .fail)
        #expect(judge { _, stream, _ in stream.cutBytes = 1 } == .fail)
        #expect(judge { _, stream, _ in stream.dataBytes = 99 } == .fail)
        #expect(judge { _, stream, _ in stream.dataBytes = 101 } == .fail)
        #expect(judge { _, stream, _ in (stream.status, stream.dataBytes) = (8, 99) } == .pass)
        #expect(judge { _, stream, plan in (stream.dataBytes, plan.control.responseBytes) = (99, nil) } == .pass)
        #expect(
            judge { seen, _, _ in
                seen.process = BenchObservation.Process()
                seen.process?.isAlive = false
            } == .fail)
    }
}
