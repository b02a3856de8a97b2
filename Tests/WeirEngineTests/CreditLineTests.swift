// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: a message that saves up connection credit, and those behind it")
struct CreditLineTests {
    @Test(
        "waits no longer than its hold-back, whether its peer refills early or not, and whoever came first",
        arguments: [(true, true), (true, false), (false, true), (false, false)])
    func siblings(refillsEarly: Bool, waitsFirst: Bool) throws {
        let rig = try ServerRig()
        rig.connect([.initialWindow(1 << 20)])
        if refillsEarly { rig.feed(.windowUpdate(1)) }
        // A reader that stopped holds nearly half of the window, and nothing more is sent to it.
        _ = rig.stream(try #require(rig.openList(1)), [30_000])
        // The client returns connection credit when its application reads: at once, on the other streams.
        var credit = 0
        rig.onFrame = { header in
            if header.kind == .data, header.stream != 1 { credit += header.length }
        }
        let largeCall = try #require(rig.openList(3))
        let smallCall = try #require(rig.openList(5))
        let large = rig.stream(largeCall, [40_000])
        if waitsFirst { rig.advance(by: .seconds(10)) }
        let small = rig.stream(smallCall, [100, 100, 100])
        for _ in 0..<3 {
            rig.advance(by: .seconds(1))
            if credit > 0 { rig.feed(.windowUpdate(credit)) }
            credit = 0
        }
        #expect(small.written.count == 3)
        #expect(large.written.count == 1)
        #expect(rig.peer[3].messages.sizes == [40_000])
        rig.advance(by: .seconds(120))
        #expect(rig.stalls.isEmpty)
    }
}
