// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("FrameBoundaries")
struct FrameBoundariesTests {
    private func frame(_ length: Int) -> [UInt8] {
        [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), 0, 0, 0, 0, 0, 1]
            + [UInt8](repeating: 0xAA, count: length)
    }

    @Test("whole frames pass whole")
    func whole() {
        var boundaries = FrameBoundaries(prefaceBytes: 24)
        let bytes = [UInt8](repeating: 1, count: 24) + frame(0) + frame(5) + frame(300) + frame(70_000)
        let passable = boundaries.passableBytes(of: bytes.span)
        #expect(passable == bytes.count)
    }

    @Test("of a header that is cut, nothing passes before it is whole", arguments: 0...9)
    func everySplitOfAHeader(split: Int) {
        var boundaries = FrameBoundaries(prefaceBytes: 24)
        let first = [UInt8](repeating: 1, count: 24) + frame(7)
        let second = frame(3)
        let head = first + second.prefix(split)
        let passable = boundaries.passableBytes(of: head.span)
        #expect(passable == (split == 9 ? first.count + 9 : first.count))
        let rest = split == 9 ? Array(second.dropFirst(9)) : second
        let last = boundaries.passableBytes(of: rest.span)
        #expect(last == rest.count)
    }

    @Test("split at any two places, the bytes that pass are the same", arguments: 0..<60)
    func everySplit(first: Int) {
        let bytes = [UInt8](repeating: 1, count: 4) + frame(0) + frame(12) + frame(1) + frame(0) + frame(6)
        for second in first..<bytes.count {
            var boundaries = FrameBoundaries(prefaceBytes: 4)
            var held: [UInt8] = []
            var passed: [UInt8] = []
            for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                let given = held + part
                let count = boundaries.passableBytes(of: given.span)
                #expect(given.count - count < FrameBoundaries.headerBytes)
                passed += given.prefix(count)
                held = Array(given.dropFirst(count))
            }
            #expect(held.isEmpty)
            #expect(passed == bytes)
        }
    }

    @Test("no bytes pass of no bytes")
    func empty() {
        var boundaries = FrameBoundaries(prefaceBytes: 0)
        let nothing: [UInt8] = []
        let passable = boundaries.passableBytes(of: nothing.span)
        #expect(passable == 0)
    }
}
