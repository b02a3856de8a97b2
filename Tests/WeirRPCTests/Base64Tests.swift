// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

@Suite("Base64")
struct Base64Tests {
    @Test(
        "is written without padding and read with and without it",
        arguments: [
            ("", "", ""), ("f", "Zg", "Zg=="), ("fo", "Zm8", "Zm8="), ("foo", "Zm9v", "Zm9v"),
            ("foob", "Zm9vYg", "Zm9vYg=="), ("fooba", "Zm9vYmE", "Zm9vYmE="), ("foobar", "Zm9vYmFy", "Zm9vYmFy"),
        ])
    func vectorsOfRFC4648(plain: String, unpadded: String, padded: String) {
        let bytes = Array(plain.utf8)
        #expect(Base64.encode(bytes) == unpadded)
        #expect(Base64.encodedByteCount(bytes.count) == unpadded.utf8.count)
        #expect(Base64.decode(unpadded) == bytes)
        #expect(Base64.decode(padded) == bytes)
    }

    @Test("uses all sixty-four characters of the standard alphabet")
    func alphabet() {
        let bytes: [UInt8] = [
            0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92, 0x8B, 0x30, 0xD3, 0x8F, 0x41, 0x14, 0x93, 0x51,
            0x55, 0x97, 0x61, 0x96, 0x9B, 0x71, 0xD7, 0x9F, 0x82, 0x18, 0xA3, 0x92, 0x59, 0xA7, 0xA2, 0x9A,
            0xAB, 0xB2, 0xDB, 0xAF, 0xC3, 0x1C, 0xB3, 0xD3, 0x5D, 0xB7, 0xE3, 0x9E, 0xBB, 0xF3, 0xDF, 0xBF,
        ]
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
    }

    @Test(
        "is refused when malformed",
        arguments: [
            "A", "AAAAA", "=", "==", "===", "====", "A=", "A==", "A===", "AA=", "AAA==", "AA==A", "AA==AAAA", "A*AA",
            "AA-_", "AA AA", "AAAA\n", "ÄÄ", "Zg==Zg==",
        ])
    func malformed(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("ignores bits that are left over")
    func leftoverBits() {
        #expect(Base64.decode("Zh") == [0x66])
        #expect(Base64.decode("Zm9=") == [0x66, 0x6F])
    }

    @Test("gives every byte sequence back", arguments: 0..<64 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = random.bytes(Int(seed))
        let text = Base64.encode(bytes)
        #expect(text.utf8.count == Base64.encodedByteCount(bytes.count))
        #expect(Base64.decode(text) == bytes)
    }

    @Test("never traps on arbitrary input", arguments: 0..<200 as Range<UInt64>)
    func arbitraryInput(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("AZaz09+/==,".utf8)
        let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        if let bytes = Base64.decode(text.span) { #expect(bytes.count <= text.count / 4 * 3 + 2) }
    }
}
