// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("FrameBoundaries: what is unfinished")
struct UnfinishedInputTests {
    private func frame(_ kind: UInt8, _ length: Int, flags: UInt8 = 0) -> [UInt8] {
        [0, 0, UInt8(length), kind, flags, 0, 0, 0, 1] + [UInt8](repeating: 0xAA, count: length)
    }

    /// What is unfinished after each of the bytes, given one at a time or, with `step`, several.
    private func states(_ bytes: [UInt8], step: Int = 1) -> [UnfinishedInput?] {
        var boundaries = FrameBoundaries(prefaceBytes: 24)
        var held: [UInt8] = []
        return stride(from: 0, to: bytes.count, by: step).map { start in
            let given = held + bytes[start..<min(start + step, bytes.count)]
            let passable = boundaries.passableBytes(of: given.span)
            held = Array(given.dropFirst(passable))
            return boundaries.unfinished(headerBytes: held.count)
        }
    }

    private let start = [UInt8](repeating: 1, count: 24) + [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]

    @Test("before any byte the preface is missing")
    func nothing() {
        let boundaries = FrameBoundaries(prefaceBytes: 24)
        #expect(boundaries.unfinished(headerBytes: 0) == UnfinishedInput(part: .preface, frame: 0))
    }

    @Test("preface and SETTINGS, byte by byte")
    func handshake() {
        let states = states(start)
        #expect(states[0..<23].allSatisfy { $0 == UnfinishedInput(part: .preface, frame: 0) })
        #expect(states[23..<38].allSatisfy { $0 == UnfinishedInput(part: .settings, frame: 0) })
        #expect(states[38] == nil)
        #expect(states.count == 39)
    }

    @Test("frames of each kind keep their number from the first byte to the last", arguments: [0, 3, 4, 8, 0xEE])
    func frames(kind: UInt8) {
        let states = Array(states(start + frame(kind, 3) + frame(kind, 0)).dropFirst(39))
        let part = kind == 0 ? UnfinishedInput.Part.data : .frame
        #expect(states[0..<8].allSatisfy { $0 == UnfinishedInput(part: .frame, frame: 2) })
        #expect(states[8..<11].allSatisfy { $0 == UnfinishedInput(part: part, frame: 2) })
        #expect(states[11] == nil)
        #expect(states[12..<20].allSatisfy { $0 == UnfinishedInput(part: .frame, frame: 3) })
        #expect(states[20] == nil)
    }

    @Test(
        "a field section is one thing from the first byte of HEADERS to the last of END_HEADERS",
        arguments: [1, 2, 7, 50])
    func section(step: Int) {
        let bytes = start + frame(1, 4) + frame(9, 0) + frame(9, 2, flags: 4)
        let states = states(bytes, step: step)
        for (index, state) in states.enumerated() {
            let count = min((index + 1) * step, bytes.count) - 39
            if count >= 9, count < 33 {
                #expect(state == UnfinishedInput(part: .fieldSection, frame: 2), "\(count)")
            } else if (1..<9).contains(count) {
                #expect(state == UnfinishedInput(part: .frame, frame: 2))
            } else if count == 33 {
                #expect(state == nil)
            }
        }
    }

    @Test("a section that ends with its HEADERS leaves nothing open")
    func oneFrame() {
        let states = states(start + frame(1, 2, flags: 4) + frame(0, 1))
        #expect(states[39 + 9] == UnfinishedInput(part: .fieldSection, frame: 2))
        #expect(states[39 + 10] == nil)
        #expect(states[39 + 11] == UnfinishedInput(part: .frame, frame: 3))
        #expect(states[39 + 20] == nil)
    }
}
