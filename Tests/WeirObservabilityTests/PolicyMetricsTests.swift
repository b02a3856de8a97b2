// SPDX-License-Identifier: Apache-2.0

import MetricsTestKit
import Testing
import WeirBackpressure
import WeirObservability

/// Each event of a policy ends up under the name that alert rules are written for.
struct PolicyMetricsTests {
    private let factory = TestMetrics()

    private func metrics(clients: Int = 100) -> PolicyMetrics {
        PolicyMetrics(maximumClients: clients, factory: factory)
    }

    @Test("calls that were let in, turned away and ended are counted by policy, reason and outcome")
    func calls() throws {
        let metrics = metrics()
        for _ in 0..<3 { metrics.observe(.admitted(policy: "admission")) }
        metrics.observe(.rejected(policy: "concurrency", reason: .concurrency))
        metrics.observe(.rejected(policy: "rate", reason: .rate))
        metrics.observe(.ended(policy: "admission", outcome: .succeeded, held: .milliseconds(250)))
        #expect(try factory.expectCounter("admitted_requests_total", [("policy", "admission")]).totalValue == 3)
        #expect(
            try factory.expectCounter(
                "rejected_requests_total", [("policy", "concurrency"), ("reason", "LIMIT_CONCURRENCY")]
            ).totalValue == 1)
        #expect(try factory.expectCounter("rate_limited_requests_total", [("policy", "rate")]).totalValue == 1)
        #expect(
            try factory.expectCounter(
                "finished_requests_total", [("policy", "admission"), ("outcome", "succeeded")]
            ).totalValue == 1)
        #expect(try factory.expectRecorder("request_held_seconds", [("policy", "admission")]).values == [0.25])
    }

    @Test("a queue tells its length, its capacity, how full it is and how long calls waited")
    func queue() throws {
        let metrics = metrics()
        metrics.observe(.queued(policy: "queue", length: 3, capacity: 12))
        metrics.observe(.dequeued(policy: "queue", waited: .milliseconds(40), length: 2, capacity: 12))
        let labels = [("policy", "queue")]
        #expect(try factory.expectRecorder("queue_size", labels).values == [3, 2])
        #expect(try factory.expectRecorder("queue_capacity", labels).lastValue == 12)
        #expect(try factory.expectRecorder("buffer_utilization_percent", labels).values == [25, 100.0 / 6])
        #expect(try factory.expectRecorder("queue_wait_time_seconds", labels).values == [0.04])
    }

    @Test("what changed in a policy is a gauge")
    func gauges() throws {
        let metrics = metrics()
        metrics.observe(.limitChanged(policy: "adaptive", from: 8, to: 12))
        metrics.observe(.breakerChanged(policy: "breaker", from: .closed, to: .open))
        metrics.observe(.flowChanged(policy: "drop_oldest", .pause))
        metrics.observe(.dropped(policy: "drop_oldest", count: 5))
        metrics.observe(.callerTableFull(policy: "rate"))
        #expect(try factory.expectRecorder("concurrency_limit", [("policy", "adaptive")]).lastValue == 12)
        #expect(try factory.expectRecorder("breaker_state", [("policy", "breaker")]).lastValue == 2)
        #expect(try factory.expectRecorder("source_paused", [("policy", "drop_oldest")]).lastValue == 1)
        #expect(try factory.expectCounter("dropped_messages_total", [("policy", "drop_oldest")]).totalValue == 5)
        #expect(try factory.expectCounter("caller_table_full_total", [("policy", "rate")]).totalValue == 1)
    }

    @Test("so many clients have a label of their own, and the next ones share one")
    func clientsAreBounded() throws {
        let metrics = metrics(clients: 2)
        for client in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.1"] {
            metrics.observe(.throttled(policy: "rate", caller: client))
        }
        let count = { (client: String) in
            try factory.expectCounter("throttled_requests_by_client", [("policy", "rate"), ("client", client)])
                .totalValue
        }
        #expect(try count("10.0.0.1") == 2)
        #expect(try count("10.0.0.2") == 1)
        #expect(try count("other") == 2)
    }

    @Test("the table of metrics has an end, whatever the names are")
    func metricsAreBounded() throws {
        let metrics = metrics()
        for number in 0..<2_000 { metrics.observe(.admitted(policy: "p\(number)")) }
        metrics.observe(.admitted(policy: "one more"))
        metrics.observe(.admitted(policy: "and another"))
        metrics.observe(.admitted(policy: "p7"))
        #expect(try factory.expectCounter("admitted_requests_total", [("policy", "other")]).totalValue == 2)
        #expect(try factory.expectCounter("admitted_requests_total", [("policy", "p7")]).totalValue == 2)
        #expect(throws: (any Error).self) {
            try factory.expectCounter("admitted_requests_total", [("policy", "one more")])
        }
    }
}
