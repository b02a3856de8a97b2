// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirHTTP2

@Suite("ReceiveCredit")
struct ReceiveCreditTests {
    @Test("connection credit goes back at receipt, stream credit when the bytes are taken")
    func twoLedgers() {
        var credit = ReceiveCredit()
        let connection = credit.received(100)
        #expect(connection == 100)
        #expect(credit.owedStreamBytes == 100)
        let first = credit.taken(60)
        #expect(first == 60)
        #expect(credit.owedStreamBytes == 40)
    }

    @Test("never more than is owed", arguments: [(40, 40), (41, 40), (39, 39)])
    func atMostOwed(taken: Int, credited: Int) {
        var credit = ReceiveCredit()
        _ = credit.received(40)
        let given = credit.taken(taken)
        #expect(given == credited)
    }

    @Test("a stream that is over is owed nothing")
    func ended() {
        var credit = ReceiveCredit()
        _ = credit.received(40)
        credit.streamEnded()
        let given = credit.taken(40)
        #expect(given == 0)
    }

    @Test("every byte is credited exactly once on each window", arguments: 0..<20)
    func conserved(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var credit = ReceiveCredit()
        var received = 0
        var connection = 0
        var stream = 0
        for _ in 0..<500 {
            if Bool.random(using: &random) {
                let count = Int.random(in: 0...20_000, using: &random)
                received += count
                connection += credit.received(count)
            } else {
                stream += credit.taken(Int.random(in: 0...30_000, using: &random))
            }
            #expect(connection == received)
            #expect(stream + credit.owedStreamBytes == received)
        }
        stream += credit.taken(.max)
        #expect(stream == received)
        #expect(credit.owedStreamBytes == 0)
    }
}
