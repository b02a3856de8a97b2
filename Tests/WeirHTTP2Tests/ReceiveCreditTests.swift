// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirHTTP2

@Suite("ReceiveCredit")
struct ReceiveCreditTests {
    @Test("stream credit is withheld until the bytes are taken")
    func withheld() {
        var credit = ReceiveCredit()
        credit.received(100)
        #expect(credit.heldBytes == 100)
        #expect(credit.withheldBytes == 100)
        let taken = credit.taken(60)
        #expect(taken == 60)
        #expect(credit.heldBytes == 40)
        #expect(credit.withheldBytes == 40)
    }

    @Test("never more is taken than is held", arguments: [(40, 40), (41, 40), (39, 39), (.max, 40), (-1, 0)])
    func atMostHeld(asked: Int, taken: Int) {
        var credit = ReceiveCredit()
        credit.received(40)
        let count = credit.taken(asked)
        #expect(count == taken)
        #expect(credit.heldBytes == 40 - taken)
    }

    @Test("credit that went back for a wanted message does not go back again when it is taken")
    func wantedOnce() {
        var credit = ReceiveCredit()
        credit.received(100)
        credit.wanted()
        #expect(credit.withheldBytes == 0)
        credit.received(50)
        #expect(credit.withheldBytes == 50)
        _ = credit.taken(100)
        #expect(credit.withheldBytes == 50)
        _ = credit.taken(20)
        #expect(credit.withheldBytes == 30)
    }

    @Test("a stream that is over holds nothing")
    func discarded() {
        var credit = ReceiveCredit()
        credit.received(40)
        credit.wanted()
        credit.received(2)
        let dropped = credit.discard()
        #expect(dropped == 42)
        #expect(credit.heldBytes == 0)
        #expect(credit.withheldBytes == 0)
        let taken = credit.taken(40)
        #expect(taken == 0)
    }

    @Test("every byte is released once, and its credit withheld no longer than that", arguments: 0..<20)
    func conserved(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var credit = ReceiveCredit()
        var received = 0
        var released = 0
        for _ in 0..<500 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<4:
                let count = Int.random(in: 0...20_000, using: &random)
                received += count
                credit.received(count)
            case 4: credit.wanted()
            case 5: if Int.random(in: 0..<20, using: &random) == 0 { released += credit.discard() }
            default: released += credit.taken(Int.random(in: 0...30_000, using: &random))
            }
            #expect(credit.heldBytes == received - released)
            #expect((0...credit.heldBytes).contains(credit.withheldBytes))
        }
    }
}
