// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirBackpressure

@Suite("ConcurrencyLimit and StreamLimit")
struct PlaceLimitTests {
    @Test("as many calls as places; one more is told the mean time that calls take")
    func concurrency() throws {
        let limit = ConcurrencyLimit(2)
        let first = try #require(limit.admit(.plain, at: at(0)).grant)
        #expect(limit.admit(.plain, at: at(0)).grant != nil)
        #expect(limit.load(at: at(0)) == 1)
        #expect(limit.admit(.plain, at: at(0)).rejection?.retryAfter == .after(.seconds(1)))  // Nothing known yet.
        limit.end(first, as: .succeeded, at: at(0.25))
        #expect(limit.inUse == 1)
        #expect(limit.admit(.plain, at: at(0.25)).grant != nil)
        let rejection = limit.admit(.plain, at: at(0.25)).rejection
        #expect(rejection == Rejection(.concurrency, policy: "concurrency", retryAfter: .after(.milliseconds(250))))
    }

    @Test("an ignored call frees its place and does not change the mean")
    func ignored() throws {
        let limit = ConcurrencyLimit(1)
        limit.end(try #require(limit.admit(.plain, at: at(0)).grant), as: .succeeded, at: at(0.1))
        limit.end(try #require(limit.admit(.plain, at: at(0)).grant), as: .ignored, at: at(20))
        #expect(limit.admit(.plain, at: at(20)).grant != nil)
        #expect(limit.admit(.plain, at: at(20)).rejection?.retryAfter == .after(.milliseconds(100)))
    }

    @Test("streams hold a count and bytes; other calls pass")
    func streams() throws {
        let limit = StreamLimit(maximumStreams: 2, maximumBytes: 1000)
        let stream = CallFacts(method: "s/m", isStreaming: true)
        let first = try #require(limit.admit(stream, at: at(0)).grant)
        let second = try #require(limit.admit(stream, at: at(0)).grant)
        #expect(limit.admit(stream, at: at(0)).rejection?.reason == .streamCount)
        limit.end(try #require(limit.admit(.plain, at: at(0)).grant), as: .succeeded, at: at(0))
        #expect(limit.openStreams == 2)
        limit.end(first, as: .succeeded, at: at(3))
        limit.bytesHeld(999)
        #expect(abs(limit.load(at: at(3)) - 0.999) < 1e-9)
        limit.end(try #require(limit.admit(stream, at: at(3)).grant), as: .ignored, at: at(3))
        limit.bytesHeld(1000)
        #expect(
            limit.admit(stream, at: at(3)).rejection
                == Rejection(.streamBytes, policy: "streams", retryAfter: .after(.seconds(3))))
        limit.end(second, as: .failed, at: at(4))
        #expect(limit.openStreams == 0)
    }
}
