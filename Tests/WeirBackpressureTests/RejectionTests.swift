// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@testable import WeirBackpressure

@Suite("Rejection")
struct RejectionTests {
    @Test("every reason has its own name, a text, and one of the two codes")
    func table() {
        #expect(Set(RejectionReason.allCases.map(\.name)).count == RejectionReason.allCases.count)
        #expect(Set(RejectionReason.allCases.map(\.text)).count == RejectionReason.allCases.count)
        for reason in RejectionReason.allCases {
            #expect(reason.code == .unavailable || reason.code == .resourceExhausted)
            #expect(reason.name.utf8.allSatisfy { $0 == 0x5F || (0x41...0x5A).contains($0) })
        }
    }

    @Test(
        "what is the caller's quota is RESOURCE_EXHAUSTED, what is the server's trouble UNAVAILABLE",
        arguments: [
            (RejectionReason.rate, StatusCode.resourceExhausted, "LIMIT_RATE"),
            (.costAboveBurst, .resourceExhausted, "LIMIT_RATE_COST"), (.bulkhead, .resourceExhausted, "BULKHEAD_FULL"),
            (.concurrency, .unavailable, "LIMIT_CONCURRENCY"), (.adaptiveLimit, .unavailable, "LIMIT_ADAPTIVE"),
            (.priority, .unavailable, "SHED_PRIORITY"), (.queueFull, .unavailable, "QUEUE_FULL"),
            (.queueTimeout, .unavailable, "QUEUE_TIMEOUT"), (.queueDeadline, .unavailable, "QUEUE_DEADLINE"),
            (.breakerOpen, .unavailable, "BREAKER_OPEN"), (.streamCount, .unavailable, "LIMIT_STREAMS"),
            (.streamBytes, .unavailable, "LIMIT_STREAM_BYTES"),
        ])
    func codes(reason: RejectionReason, code: StatusCode, name: String) {
        #expect(reason.code == code)
        #expect(reason.name == name)
    }

    @Test("the delay is never shorter than the state says, and up to half longer", arguments: 0..<50)
    func jitter(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rejection = Rejection(.rate, policy: "rate", retryAfter: .after(.milliseconds(200)))
        let delay = try #require(rejection.delay(using: &random))
        #expect(delay >= .milliseconds(200))
        #expect(delay < .milliseconds(300))
        #expect(rejection.delay(using: &random) != delay)
    }

    @Test("a thousand callers are spread over the whole of the jitter")
    func spread() {
        var random = SeededGenerator(seed: 1)
        let rejection = Rejection(.concurrency, policy: "c", retryAfter: .after(.seconds(1)), jitter: 1)
        var tenths = Set<Int>()
        for _ in 0..<1000 {
            guard let delay = rejection.delay(using: &random) else { continue }
            tenths.insert(Int((delay - .seconds(1)) / .milliseconds(100)))
        }
        #expect(tenths == Set(0..<10))
    }

    @Test("the error carries reason, policy, retry time and the same pushback")
    func error() throws {
        var random = SeededGenerator(seed: 7)
        let rejection = Rejection(.queueFull, policy: "q", retryAfter: .after(.microseconds(1500)), jitter: 0)
        let error = rejection.error(using: &random)
        #expect(error.code == .unavailable)
        #expect(error.metadata[string: "grpc-retry-pushback-ms"] == "2")
        #expect(
            error.details == [
                .errorInfo(ErrorInfo(reason: "QUEUE_FULL", metadata: ["policy": "q"])),
                .retryInfo(RetryInfo(retryDelay: .microseconds(1500))),
            ])
        #expect(error.message == "too many calls are waiting; try again in 2 ms")
        #expect(error.rejection == rejection)
    }

    @Test("never is a pushback of -1 and no retry time")
    func never() {
        var random = SeededGenerator(seed: 7)
        let error = Rejection(.costAboveBurst, policy: "r", retryAfter: .never).error(using: &random)
        #expect(error.metadata[string: "grpc-retry-pushback-ms"] == "-1")
        #expect(error.details.count == 1)
    }

    @Test(
        "whole milliseconds are rounded up and stay within 32 bits",
        arguments: [
            (Duration.zero, Int64(0)), (.nanoseconds(1), 1), (.milliseconds(1), 1), (.nanoseconds(1_000_001), 2),
            (.seconds(Int64.max), Int64(Int32.max)), (.seconds(-3), 0),
        ])
    func milliseconds(duration: Duration, expected: Int64) {
        #expect(Rejection.wholeMilliseconds(duration) == expected)
    }

    @Test("an absurd time with jitter does not overflow")
    func absurd() {
        var random = SeededGenerator(seed: 3)
        let rejection = Rejection(.rate, policy: "r", retryAfter: .after(.seconds(Int64.max)), jitter: .infinity)
        #expect(rejection.delay(using: &random) == .nanoseconds(Int64.max))
        #expect(rejection.error(using: &random).metadata[string: "grpc-retry-pushback-ms"] == "2147483647")
    }
}
