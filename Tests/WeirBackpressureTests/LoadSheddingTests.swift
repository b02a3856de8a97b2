// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@testable import WeirBackpressure

@Suite("LoadShedding")
struct LoadSheddingTests {
    private func call(_ priority: CallPriority) -> CallFacts { CallFacts(method: "s/m", priority: priority) }

    @Test(
        "the 70/90 % rule: above 70 % low calls go, above 90 % all but critical ones",
        arguments: [
            (0.0, [CallPriority.low, .normal, .high, .critical]), (0.7, [.low, .normal, .high, .critical]),
            (0.71, [.normal, .high, .critical]), (0.9, [.normal, .high, .critical]), (0.91, [.critical]),
            (1.0, [.critical]),
        ])
    func thresholds(load: Double, admitted: [CallPriority]) {
        let signal = ReportedLoad()
        let shedding = LoadShedding(by: signal)
        signal.report(load)
        #expect(CallPriority.allCases.filter { shedding.admit(call($0), at: at(0)).grant != nil } == admitted)
    }

    @Test("a shed call is told to come back after a period")
    func rejection() {
        let signal = ReportedLoad()
        signal.report(1)
        let rejection = LoadShedding(by: signal, period: .seconds(2)).admit(call(.low), at: at(0)).rejection
        #expect(rejection == Rejection(.priority, policy: "shedding", retryAfter: .after(.seconds(2))))
    }

    @Test(
        "the smooth rule sheds the part that the load asks for, the lowest priorities first",
        arguments: [
            // 40 % low, 30 % normal, 20 % high, 10 % critical; the part is (load - 0.7) / 0.3.
            (0.7, [0.0, 0, 0, 0]), (0.76, [0.5, 0, 0, 0]), (0.82, [1, 0, 0, 0]), (0.865, [1, 0.5, 0, 0]),
            (0.94, [1, 1, 0.5, 0]), (1.0, [1, 1, 1, 0]),
        ])
    func smooth(load: Double, shed: [Double]) {
        let signal = ReportedLoad()
        let shedding = LoadShedding(by: signal, rule: .smooth)
        signal.report(load)
        var random = SeededGenerator(seed: 11)
        var seen = [0, 0, 0, 0]
        var rejected = [0, 0, 0, 0]
        for step in 0..<20_000 {
            let draw = Int.random(in: 0..<10, using: &random)
            let priority: CallPriority = draw < 4 ? .low : draw < 7 ? .normal : draw < 9 ? .high : .critical
            let answer = shedding.admit(call(priority), at: at(Double(step) / 1000))
            guard step >= 2000 else { continue }
            seen[Int(priority.rawValue)] += 1
            if answer.rejection != nil { rejected[Int(priority.rawValue)] += 1 }
        }
        for index in 0..<4 {
            #expect(abs(Double(rejected[index]) / Double(seen[index]) - shed[index]) < 0.08, "priority \(index)")
        }
    }

    @Test("the mix of priorities is forgotten after a period")
    func forgets() {
        var mix = PriorityMix(periodNanoseconds: 1_000_000_000)
        for _ in 0..<100 { mix.arrived(.low, at: at(0)) }
        for _ in 0..<100 { mix.arrived(.high, at: at(0.1)) }
        #expect((0..<100).count { _ in mix.isShed(.high, part: 0.5) } == 0)
        for _ in 0..<100 { mix.arrived(.high, at: at(5)) }
        #expect((0..<100).count { _ in mix.isShed(.high, part: 0.5) } == 50)
    }

    @Test("a reported load is held between 0 and 1", arguments: [(-1.0, 0.0), (.nan, 0), (2, 1), (.infinity, 1)])
    func reported(load: Double, expected: Double) {
        let signal = ReportedLoad()
        signal.report(load)
        #expect(signal.load(at: at(0)) == expected)
    }

    @Test("a caller may wish for a priority, up to the ceiling")
    func wishes() throws {
        func priority(_ text: String?, ceiling: CallPriority = .high) throws -> CallPriority {
            var metadata = Metadata()
            if let text { try metadata.add(name: "weir-priority", value: text) }
            return CallFacts.priority(in: metadata, ceiling: ceiling)
        }
        #expect(try priority(nil) == .normal)
        #expect(try priority("low") == .low)
        #expect(try priority("critical") == .high)
        #expect(try priority("critical", ceiling: .critical) == .critical)
        #expect(try priority("CRITICAL") == .normal)
        #expect(try priority(nil, ceiling: .low) == .low)
    }
}
