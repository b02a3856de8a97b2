// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("FairShare")
struct FairShareTests {
    private let window = SendWindow(bytes: 1000)

    private func exceeds(
        _ share: FairShare, _ count: Int, _ holding: FairShare.Holding, window: SendWindow? = nil, othersWait: Bool
    ) -> Bool {
        share.isExceeded(
            by: count, holding, reserved: 0, streamWindow: self.window, connectionWindow: window ?? self.window,
            othersWait: othersWait)
    }

    @Test("a stream holds what was sent and its own credit has not returned")
    func ownCredit() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(300, &holding, wasWhole: true)
        share.sent(200, &holding, wasWhole: false)
        #expect(share.heldBytes(holding) == 500)
        share.returned(400, &holding, isWhole: false)
        #expect(share.heldBytes(holding) == 100)
        share.returned(1_000, &holding, isWhole: true)
        #expect(share.heldBytes(holding) == 0)
        #expect(share.holders == 0)
    }

    @Test("a stream holds no more than the connection had out at its lowest since, plus what was sent since")
    func dips() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(700, &holding, wasWhole: true)
        share.granted(wasUsedUp: false, outstandingBytes: 600)
        #expect(share.heldBytes(holding) == 600)
        share.granted(wasUsedUp: false, outstandingBytes: 200)
        share.granted(wasUsedUp: false, outstandingBytes: 900)
        #expect(share.heldBytes(holding) == 200)
        share.sent(50, &holding, wasWhole: false)
        #expect(share.heldBytes(holding) == 250)
        share.granted(wasUsedUp: false, outstandingBytes: 240)
        #expect(share.heldBytes(holding) == 240)
    }

    @Test("however many grants there are, few dips are kept and the bound stays a bound")
    func manyDips() {
        var share = FairShare()
        var holdings: [FairShare.Holding] = []
        // Each grant leaves more out than the one before, so that all of them matter to somebody.
        for index in 0..<100 {
            var holding = FairShare.Holding()
            share.sent(10_000, &holding, wasWhole: true)
            holdings.append(holding)
            share.granted(wasUsedUp: false, outstandingBytes: index)
        }
        for (index, holding) in holdings.enumerated() {
            #expect(share.heldBytes(holding) >= index)
            #expect(share.heldBytes(holding) <= 10_000)
        }
        #expect(share.heldBytes(holdings[0]) == 0)
    }

    @Test("half of the smaller window while others wait; at the limit and one past it")
    func half() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(400, &holding, wasWhole: true)
        #expect(!exceeds(share, 100, holding, othersWait: true))
        #expect(exceeds(share, 101, holding, othersWait: true))
    }

    @Test("three quarters of the connection's window while nobody waits, and only where somebody else holds some")
    func threeQuarters() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(700, &holding, wasWhole: true)
        #expect(!exceeds(share, 300, holding, othersWait: false))
        var other = FairShare.Holding()
        share.sent(1, &other, wasWhole: true)
        #expect(!exceeds(share, 50, holding, othersWait: false))
        #expect(exceeds(share, 51, holding, othersWait: false))
    }

    @Test("a stream alone is held to it once the peer was seen to refill early")
    func alone() {
        var share = FairShare()
        var holding = FairShare.Holding()
        var early = window
        early.sent(10)
        early.granted(10)
        share.sent(700, &holding, wasWhole: true)
        #expect(exceeds(share, 51, holding, window: early, othersWait: false))
    }

    @Test("what holds nothing may always begin")
    func begin() {
        #expect(!exceeds(FairShare(), 1000, FairShare.Holding(), othersWait: true))
    }

    @Test("a peer that refills only what is used up turns the rule off")
    func exhaustion() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(900, &holding, wasWhole: true)
        share.granted(wasUsedUp: true, outstandingBytes: 900)
        #expect(exceeds(share, 100, holding, othersWait: true))
        share.probed()
        share.granted(wasUsedUp: true, outstandingBytes: 900)
        #expect(share.isOff)
        #expect(!exceeds(share, 100, holding, othersWait: true))
    }
}
