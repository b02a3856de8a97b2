// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("FairShare")
struct FairShareTests {
    private let window = SendWindow(bytes: 1000)

    private func isUsedUp(
        _ share: FairShare, _ holding: FairShare.Holding, othersWait: Bool, streamWindow: Int = 1000
    ) -> Bool {
        share.isUsedUp(
            holding, reserved: 0, streamWindow: SendWindow(bytes: streamWindow), connectionWindow: window,
            free: window.bytes - share.heldBytes(holding), othersWait: othersWait)
    }

    @Test("a stream holds what was sent and its own credit has not returned")
    func ownCredit() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(300, &holding)
        share.sent(200, &holding)
        #expect(share.heldBytes(holding) == 500)
        share.returned(400, &holding)
        #expect(share.heldBytes(holding) == 100)
        share.returned(1_000, &holding)
        #expect(share.heldBytes(holding) == 0)
    }

    @Test("a stream holds no more than the connection had out at its lowest since, plus what was sent since")
    func dips() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(700, &holding)
        share.granted(wasUsedUp: false, outstandingBytes: 600)
        #expect(share.heldBytes(holding) == 600)
        share.granted(wasUsedUp: false, outstandingBytes: 200)
        share.granted(wasUsedUp: false, outstandingBytes: 900)
        #expect(share.heldBytes(holding) == 200)
        share.sent(50, &holding)
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
            share.sent(10_000, &holding)
            holdings.append(holding)
            share.granted(wasUsedUp: false, outstandingBytes: index)
        }
        for (index, holding) in holdings.enumerated() {
            #expect(share.heldBytes(holding) >= index)
            #expect(share.heldBytes(holding) <= 10_000)
        }
        #expect(share.heldBytes(holdings[0]) == 0)
        // The eighth to last stand for all that came after the first seven.
        #expect(holdings.dropFirst(7).allSatisfy { share.heldBytes($0) == 99 })
    }

    @Test("half of the smaller window while others wait; at the limit and one before it")
    func half() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(499, &holding)
        #expect(!isUsedUp(share, holding, othersWait: true))
        share.sent(1, &holding)
        #expect(isUsedUp(share, holding, othersWait: true))
        #expect(isUsedUp(share, holding, othersWait: true, streamWindow: 2_000))
        share.returned(300, &holding)
        #expect(isUsedUp(share, holding, othersWait: true, streamWindow: 400))
        #expect(!isUsedUp(share, holding, othersWait: true, streamWindow: 402))
        // The stream's own window is no measure while nobody else waits.
        #expect(!isUsedUp(share, holding, othersWait: false, streamWindow: 400))
    }

    @Test("nine sixteenths of the connection's window while nobody waits; three quarters for a peer that measures")
    func alone() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(557, &holding)
        #expect(!isUsedUp(share, holding, othersWait: false))
        share.sent(1, &holding)
        #expect(isUsedUp(share, holding, othersWait: false))
        share.peerIsMeasuring()
        share.sent(185, &holding)
        #expect(!isUsedUp(share, holding, othersWait: false))
        share.sent(1, &holding)
        #expect(isUsedUp(share, holding, othersWait: false))
    }

    @Test("what holds nothing may always begin")
    func begin() {
        #expect(!isUsedUp(FairShare(), FairShare.Holding(), othersWait: true))
        #expect(!isUsedUp(FairShare(), FairShare.Holding(), othersWait: true, streamWindow: 0))
    }

    @Test("a peer that refills only what is used up turns the rule off")
    func exhaustion() {
        var share = FairShare()
        var holding = FairShare.Holding()
        share.sent(900, &holding)
        share.granted(wasUsedUp: true, outstandingBytes: 900)
        #expect(isUsedUp(share, holding, othersWait: true))
        share.probed()
        share.granted(wasUsedUp: true, outstandingBytes: 900)
        #expect(share.isOff)
        #expect(!isUsedUp(share, holding, othersWait: true))
    }
}
