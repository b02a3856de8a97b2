// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@testable import WeirBackpressure

@Suite("RateLimit")
struct RateLimitTests {
    private func call(_ peer: String, cost: Int = 1) -> CallFacts {
        CallFacts(method: "test.Service/Method", peer: peer, cost: cost)
    }

    @Test("the bucket agrees with one of fractions: same answers, same tokens, never negative", arguments: 0..<20)
    func model(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let rate = [1.0, 3, 10, 1000][seed % 4]
        let burst = Int.random(in: 1...50, using: &random)
        let shape = TokenBucket.Shape(perSecond: rate, burst: burst)
        var bucket = TokenBucket(fullAt: at(0))
        var tokens = Double(burst)
        var now = at(0)
        for _ in 0..<3000 {
            let step = Int64.random(in: 0...Int64(2e9 / rate), using: &random)
            now = now.advanced(byNanoseconds: step)
            tokens = min(Double(burst), tokens + Double(step) * rate / 1e9)
            let cost = Int64.random(in: 1...Int64(min(burst, 3)), using: &random)
            // Where the two differ by a rounding of nanoseconds either answer is right.
            if abs(tokens - Double(cost)) < 1e-4 { continue }
            let missing = bucket.take(cost, shape, at: now)
            #expect((missing == nil) == (tokens >= Double(cost)))
            if missing == nil {
                tokens -= Double(cost)
            } else if let missing {
                #expect(abs(Double(missing) * rate / 1e9 - (Double(cost) - tokens)) < 1e-3)
            }
            #expect((0...Int64(burst)).contains(bucket.tokens(shape, at: now)))
        }
    }

    @Test("a burst, then the rate; a refusal says exactly when to come back")
    func burst() throws {
        let limit = RateLimit(perSecond: 10, burst: 3)
        for _ in 0..<3 { #expect(limit.admit(call("a"), at: at(1)).grant != nil) }
        let rejection = try #require(limit.admit(call("a"), at: at(1)).rejection)
        #expect(rejection.reason == .rate)
        #expect(rejection.retryAfter == .after(.milliseconds(100)))
        #expect(limit.admit(call("b"), at: at(1)).grant != nil)
        #expect(limit.admit(call("a"), at: PolicyInstant(nanoseconds: 1_099_999_999)).grant == nil)
        #expect(limit.admit(call("a"), at: at(1.1)).grant != nil)
        #expect(limit.admit(call("a"), at: at(1.1)).grant == nil)
    }

    @Test("a call that costs more than the whole bucket is never worth trying again")
    func tooDear() {
        let limit = RateLimit(perSecond: 10, burst: 3)
        #expect(limit.admit(call("a", cost: 3), at: at(1)).grant != nil)
        let rejection = limit.admit(call("a", cost: 4), at: at(100)).rejection
        #expect(rejection?.reason == .costAboveBurst)
        #expect(rejection?.retryAfter == .never)
    }

    @Test("what a later policy turned away costs nothing, and not more than nothing")
    func withdrawn() throws {
        let limit = RateLimit(perSecond: 1, burst: 2)
        let grant = try #require(limit.admit(call("a"), at: at(1)).grant)
        #expect(limit.tokens(of: "a", at: at(1)) == 1)
        limit.withdraw(grant, at: at(1))
        #expect(limit.tokens(of: "a", at: at(1)) == 2)
        limit.end(try #require(limit.admit(call("a"), at: at(1)).grant), as: .succeeded, at: at(1))
        #expect(limit.tokens(of: "a", at: at(1)) == 1)
    }

    @Test("the key is the peer, the certificate, a metadata value, or nothing")
    func keys() throws {
        var metadata = Metadata()
        try metadata.add(name: "x-tenant", value: "t1")
        let call = CallFacts(method: "s/m", peer: "p", certificate: "c", metadata: metadata)
        #expect(CallerKey.peer.value(of: call) == "p")
        #expect(CallerKey.certificate.value(of: call) == "c")
        #expect(CallerKey.metadata("X-Tenant").value(of: call) == "t1")
        #expect(CallerKey.metadata("other").value(of: call) == "")
        #expect(CallerKey.everyone.value(of: call) == "")
    }

    @Test("inventing names neither empties the table of a bucket in use nor grows it")
    func eviction() {
        let recorder = EventRecorder()
        let limit = RateLimit(perSecond: 1, burst: 10, capacity: 100, observer: recorder)
        for _ in 0..<10 { #expect(limit.admit(call("victim of its own"), at: at(0)).grant != nil) }
        #expect(limit.admit(call("victim of its own"), at: at(0)).grant == nil)
        // 10,000 invented names within half a second: 99 find a slot, the rest share one bucket of 10 tokens.
        var admitted = 0
        for number in 0..<10_000 where limit.admit(call("name \(number)"), at: at(0.5)).grant != nil { admitted += 1 }
        #expect(admitted == 99 + 10)
        #expect(limit.callers == 100)
        #expect(recorder.events.contains(.callerTableFull(policy: "rate")))
        #expect(limit.admit(call("victim of its own"), at: at(0.5)).grant == nil)
        #expect(limit.tokens(of: "victim of its own", at: at(0.5)) == 0)
    }

    @Test("a bucket that is full again makes way, and its slot's late return does not pay the next caller")
    func reuse() throws {
        let limit = RateLimit(perSecond: 1, burst: 5, capacity: 1)
        let old = try #require(limit.admit(call("a", cost: 3), at: at(0)).grant)
        #expect(limit.admit(call("b", cost: 5), at: at(2)).grant != nil)  // The shared bucket.
        #expect(limit.tokens(of: "b", at: at(2)) == nil)
        #expect(limit.admit(call("b", cost: 5), at: at(3)).grant != nil)  // a's bucket is full again.
        #expect(limit.tokens(of: "a", at: at(3)) == nil)
        #expect(limit.tokens(of: "b", at: at(3)) == 0)
        limit.withdraw(old, at: at(3))
        #expect(limit.tokens(of: "b", at: at(3)) == 0)
    }

    @Test("a key of any length takes bounded memory: a long one shares a bucket")
    func longKeys() {
        let limit = RateLimit(perSecond: 1, burst: 1, capacity: 10)
        let long = String(repeating: "x", count: 257)
        #expect(limit.admit(call(long + "1"), at: at(0)).grant != nil)
        #expect(limit.admit(call(long + "2"), at: at(0)).grant == nil)
        #expect(limit.admit(call(String(repeating: "x", count: 256)), at: at(0)).grant != nil)
        #expect(limit.callers == 1)
    }

    @Test(
        "absurd rates and bursts neither trap nor let everything through", arguments: [0, -1, .nan, .infinity, 1e-300])
    func absurd(rate: Double) {
        let limit = RateLimit(perSecond: rate, burst: .max)
        var admitted = 0
        for _ in 0..<20_000 where limit.admit(call("a", cost: 1_000_000), at: at(1)).grant != nil { admitted += 1 }
        #expect(admitted < 20_000)
    }
}
