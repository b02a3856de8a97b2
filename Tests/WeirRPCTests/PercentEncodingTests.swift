// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

@Suite("Percent-encoding of status messages")
struct PercentEncodingTests {
    @Test(
        "escapes what is not printable ASCII, and the percent sign",
        arguments: [
            ("", ""), ("plain text ~!", "plain text ~!"), ("100%", "100%25"), ("a\nb\0c\u{7F}", "a%0Ab%00c%7F"),
            ("ü", "%C3%BC"), ("€", "%E2%82%AC"), ("😀", "%F0%9F%98%80"), ("\u{1F}\u{20}", "%1F "),
            ("\t\r", "%09%0D"),
        ])
    func encode(text: String, expected: String) {
        #expect(PercentEncoding.encode(text) == expected)
        #expect(PercentEncoding.decode(expected) == text)
    }

    @Test(
        "cuts at the limit and never within a scalar",
        arguments: [
            ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcde"), ("abcdef", 0, ""), ("ab%", 5, "ab%25"), ("ab%", 4, "ab"),
            ("€€", 18, "%E2%82%AC%E2%82%AC"), ("€€", 17, "%E2%82%AC"), ("€€", 9, "%E2%82%AC"), ("€€", 8, ""),
            ("€a", 10, "%E2%82%ACa"), ("a€b", 9, "a"),
        ])
    func limit(text: String, limit: Int, expected: String) {
        #expect(PercentEncoding.encode(text, maximumBytes: limit) == expected)
    }

    @Test(
        "leaves broken escapes as they are",
        arguments: [
            ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%4z%41", "%4zA"), ("%%41", "%A"), ("a%", "a%"),
            ("%c3%bc", "ü"), ("%FF", "\u{FFFD}"), ("%C3", "\u{FFFD}"), ("%E2%82", "\u{FFFD}"), ("%2525", "%25"),
        ])
    func decode(text: String, expected: String) {
        #expect(PercentEncoding.decode(text) == expected)
    }

    @Test("gives any text back, and is ASCII within the limit", arguments: 0..<100 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let text = String(decoding: random.bytes(Int(seed)), as: UTF8.self)
        let encoded = PercentEncoding.encode(text)
        #expect(encoded.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E })
        #expect(PercentEncoding.decode(encoded) == text)
        let limit = Int.random(in: 0...100, using: &random)
        let cut = PercentEncoding.encode(text, maximumBytes: limit)
        #expect(cut.utf8.count <= limit)
        #expect(encoded.hasPrefix(cut))
        #expect(text.unicodeScalars.starts(with: PercentEncoding.decode(cut).unicodeScalars))
    }
}
