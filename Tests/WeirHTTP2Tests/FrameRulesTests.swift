// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("FrameRules: what is remembered of a client's streams, and for how long")
struct FrameRulesTests {
    private var rules = FrameRules(maximumContinuations: 8, maximumStreams: 1)

    private func judge(_ rules: inout FrameRules, _ kind: UInt8, _ stream: UInt32, flags: UInt8 = 4, length: Int = 0)
        -> FrameFault?
    {
        let bytes =
            [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), kind, flags]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) } + [UInt8](repeating: 1, count: length)
        let fault = rules.judge(FrameHeader(bytes.span, at: 0), in: bytes.span, at: 0)
        return fault
    }

    private func open(_ rules: inout FrameRules, _ streams: some Sequence<UInt32>) {
        for stream in streams { #expect(judge(&rules, FrameHeader.headers, stream) == nil) }
    }

    private func odd(_ count: Int, from first: UInt32 = 1) -> [UInt32] { (0..<count).map { first + 2 * UInt32($0) } }

    @Test("the last 128 streams that the client has reset are told from those that it has ended")
    func resets() {
        var rules = rules
        for stream in odd(129) {
            open(&rules, [stream])
            #expect(judge(&rules, FrameHeader.rstStream, stream, length: 4) == nil)
        }
        #expect(judge(&rules, FrameHeader.data, 1)?.reach == .endedStream)
        #expect(judge(&rules, FrameHeader.data, 3)?.reach == .stream)
        #expect(judge(&rules, FrameHeader.data, 2 * 129 - 1)?.reach == .stream)
    }

    @Test("the first 32 gaps in its numbers are told from streams that it has ended")
    func gaps() {
        var rules = rules
        for index in 1...33 { open(&rules, [UInt32(4 * index + 1)]) }
        #expect(judge(&rules, FrameHeader.headers, 3)?.code == .protocolError)
        #expect(judge(&rules, FrameHeader.headers, 4 * 32 - 1)?.code == .protocolError)
        #expect(judge(&rules, FrameHeader.headers, 4 * 33 - 1)?.code == .streamClosed)
    }

    @Test("128 streams that it has not ended are remembered, and one that was opened last; of more, those that live")
    func open() {
        var rules = rules
        open(&rules, odd(129))
        #expect(!rules.isFull)
        open(&rules, [259])
        #expect(rules.isFull)
        rules.forget(allBut: [5])
        #expect(!rules.isFull)
        // What lives goes on, what was forgotten is ignored, and what ends from now on is known again.
        #expect(judge(&rules, FrameHeader.data, 5, flags: 1) == nil)
        #expect(judge(&rules, FrameHeader.data, 7) == nil)
        #expect(judge(&rules, FrameHeader.headers, 7) == nil)
        open(&rules, [261])
        #expect(judge(&rules, FrameHeader.data, 261, flags: 1) == nil)
        #expect(judge(&rules, FrameHeader.data, 261)?.reach == .endedStream)
    }

    @Test("eight CONTINUATIONs are let pass, nine are not")
    func continuations() {
        var rules = rules
        #expect(judge(&rules, FrameHeader.headers, 1, flags: 0) == nil)
        for _ in 0..<8 { #expect(judge(&rules, FrameHeader.continuation, 1, flags: 0) == nil) }
        #expect(judge(&rules, FrameHeader.continuation, 1)?.code == .enhanceYourCalm)
    }

    @Test("requests whose frames alternate keep each other open")
    func alternating() {
        var rules = rules
        open(&rules, [1, 3, 5])
        for _ in 0..<3 { for stream in odd(3) { #expect(judge(&rules, FrameHeader.data, stream) == nil) } }
        for stream in odd(3) { #expect(judge(&rules, FrameHeader.data, stream, flags: 1) == nil) }
        for stream in odd(3) { #expect(judge(&rules, FrameHeader.data, stream)?.code == .streamClosed) }
    }

    @Test("a stream that was reset for a fault is open to what is on its way, up to its end")
    func forgiven() {
        var rules = rules
        open(&rules, [1])
        #expect(judge(&rules, FrameHeader.data, 1, flags: 1) == nil)
        #expect(judge(&rules, FrameHeader.data, 1)?.reach == .endedStream)
        rules.forgive(1)
        #expect(judge(&rules, FrameHeader.data, 1) == nil)
        #expect(judge(&rules, FrameHeader.data, 1, flags: 1) == nil)
        #expect(judge(&rules, FrameHeader.data, 1) != nil)
    }
}
