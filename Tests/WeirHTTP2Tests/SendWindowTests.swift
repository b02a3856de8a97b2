// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("SendWindow")
struct SendWindowTests {
    @Test("is spent by DATA and opened by WINDOW_UPDATE")
    func spendsAndOpens() {
        var window = SendWindow(bytes: 100)
        window.sent(60)
        #expect(window.bytes == 40)
        window.granted(70)
        #expect(window.bytes == 110)
        #expect(window.largestBytes == 110)
    }

    @Test("goes negative when SETTINGS makes it smaller, and comes back (RFC 9113 §6.9.2)")
    func negative() {
        var window = SendWindow(bytes: 100)
        window.sent(90)
        window.initialSizeChanged(by: -80)
        #expect(window.bytes == -70)
        #expect(window.largestBytes == 20)
        window.granted(71)
        #expect(window.bytes == 1)
        #expect(!window.refillsEarly)
    }

    @Test(
        "a peer refills early when it grants while half of the window is open, not one byte less",
        arguments: [(49, true), (50, true), (51, false)])
    func refillsEarly(sent: Int, isEarly: Bool) {
        var window = SendWindow(bytes: 100)
        window.sent(sent)
        window.granted(1)
        #expect(window.refillsEarly == isEarly)
    }

    @Test("the first credit for a window that begins closed is no early refill")
    func beginsClosed() {
        var window = SendWindow(bytes: 0)
        window.granted(100)
        #expect(!window.refillsEarly)
        window.sent(100)
        window.granted(100)
        #expect(!window.refillsEarly)
    }

    @Test("a smaller initial window lowers the largest, and one raised again restores it")
    func smallerInitialSize() {
        var window = SendWindow(bytes: 100)
        window.granted(50)
        window.initialSizeChanged(by: -100)
        #expect(window.bytes == 50)
        #expect(window.largestBytes == 50)
        window.sent(50)
        window.initialSizeChanged(by: -20)
        #expect(window.largestBytes == 30)
        window.initialSizeChanged(by: 120)
        #expect(window.bytes == 100)
        #expect(window.largestBytes == 100)
    }

    @Test("a larger initial window raises the largest, but is no refill")
    func initialSize() {
        var window = SendWindow(bytes: 100)
        window.initialSizeChanged(by: 50)
        #expect(window.bytes == 150)
        #expect(window.largestBytes == 150)
        #expect(!window.refillsEarly)
    }
}
