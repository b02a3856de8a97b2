// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirHTTP2
import WeirTesting

@Suite("RFC 7541: field compression")
struct FieldCompressionTests {
    private static let broken = Rule.Outcome.connectionError(.compressionError)
    private static let base = block(call())

    /// A request of these bytes behind the fields of a call, which cannot be decoded.
    private static func refused(_ name: String, _ bytes: Bytes) -> Rule {
        Rule(name, headers(3, base + bytes), is: broken, .handler(3, starts: false))
    }

    /// A request of these bytes behind the fields of a call, which is served.
    private static func served(_ name: String, _ bytes: Bytes) -> Rule {
        Rule(name, headers(3, base + bytes), is: .accepted, .handler(3))
    }

    /// A literal field whose value is this string with Huffman's code.
    private static func huffman(_ bytes: Bytes) -> Bytes {
        [0] + string("x") + integer(bytes.count, prefix: 7, pattern: 0x80) + bytes
    }

    static let integers = [
        served(
            "§5.1 an integer with superfluous zeros",
            [0x00] + string("x") + [0x7F, 0x81, 0x00] + zeros(0)
                + Bytes(repeating: 0x61, count: 128)),
        refused("§5.1 an integer of more than 32 bits", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
        refused("§5.1 an integer that does not end", [0xFF] + Bytes(repeating: 0x80, count: 100) + [0x01]),
        refused("§5.1 an integer that the block cuts off", [0xFF, 0x80]),
        refused("§5.1 a string's length of more than 32 bits", [0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
    ]

    static let strings = [
        served("§5.2 Huffman's code, filled up with ones", huffman([0x1F])),
        served("§5.2 Huffman's code without a remainder", huffman([0xF8])),
        refused("§5.2 Huffman's code, filled up with zeros", huffman([0x18])),
        refused("§5.2 Huffman's code, filled up with more than 7 bits", huffman([0x1F, 0xFF])),
        refused("§5.2 Huffman's code with EOS in it", huffman([0x1F, 0xFF, 0xFF, 0xFF, 0xFC])),
        refused("§5.2 Huffman's code that is EOS alone", huffman([0xFF, 0xFF, 0xFF, 0xFF])),
        refused("§5.2 a name longer than the block", [0x00, 0x05, 0x61]),
        refused("§5.2 a value longer than the block", [0x00] + string("x") + [0x20, 0x61]),
        refused("§5.2 a name without a value", [0x00] + string("x")),
        refused(
            "§5.2 a value of 65,537 bytes, in frames that end before it",
            [0x00] + string("x")
                + integer(65_537, prefix: 7) + [0x61]),
    ]

    static let indexes = [
        refused("§6.1 index 0", [0x80]),
        refused("§6.1 the first index behind the static table, of an empty dynamic one", indexed(62)),
        refused("§6.1 an index far behind the tables", indexed(5_000)),
        refused(
            "§6.2.1 the name of an index behind the tables, to be indexed",
            integer(70, prefix: 6, pattern: 0x40) + string("v")),
        refused(
            "§6.2.2 the name of an index behind the tables, not to be indexed", integer(70, prefix: 4) + string("v")),
        refused(
            "§6.2.3 the name of an index behind the tables, never to be indexed",
            integer(70, prefix: 4, pattern: 0x10) + string("v")),
        served("§6.1 an index of the static table", indexed(19)),
        served("§6.2.1 a field that goes into the table, and is used", indexing("x-a", "1") + indexed(62)),
        served(
            "§6.2.1 the last field is the first of the table", indexing("x-a", "1") + indexing("x-b", "2") + indexed(63)
        ),
        served("§6.2.2 a field that does not go into the table", literal("x-a", "1")),
        served("§6.2.3 a field that must never be indexed", [0x10] + string("x-a") + string("secret")),
        refused("§6.2.3 such a field is not in the table", [0x10] + string("x-a") + string("secret") + indexed(62)),
        served("§2.3.2 entries may be there twice", indexing("x-a", "1") + indexing("x-a", "1") + indexed(63)),
    ]

    static let tables = [
        Rule(
            "§4.2 a smaller table at the start of a block", headers(3, tableSize(100) + base), is: .accepted,
            .handler(3)),
        Rule(
            "§4.2 two changes at the start of a block", headers(3, tableSize(0) + tableSize(4_096) + base),
            is: .accepted,
            .handler(3)),
        Rule("§4.2 a table of 4,096 bytes", headers(3, tableSize(4_096) + base), is: .accepted, .handler(3)),
        Rule(
            "§6.3 a table larger than was allowed", headers(3, tableSize(4_097) + base), is: broken,
            .handler(3, starts: false)),
        Rule("§6.3 a table far larger than was allowed", headers(3, tableSize(1 << 20) + base), is: broken),
        refused("§4.2 a change at the end of a block", tableSize(100)),
        Rule(
            "§4.2 a change in the middle of a block",
            headers(3, literal(":method", "POST") + tableSize(100) + base.dropFirst(literal(":method", "POST").count)),
            is: broken),
        Rule(
            "§4.2 a client's HEADER_TABLE_SIZE is for the server's fields only",
            settings((1, 1 << 20)) + headers(3, tableSize(4_097) + base), is: broken),
        Rule(
            "§4.3 a table of 0 bytes has lost its entries",
            headers(3, base + indexing("x-a", "1")) + headers(5, tableSize(0) + base + indexed(62)), is: broken,
            .handler(3), .handler(5, starts: false)),
        Rule(
            "§4.4 an entry larger than the table empties it",
            headers(
                3, base + indexing("x-a", "1") + [0x40] + string("x-b") + string(String(repeating: "b", count: 4_096)))
                + headers(5, base + indexed(62)), is: broken, .handler(3), .handler(5, starts: false)),
        Rule(
            "§4.4 the oldest entries leave the table first",
            headers(3, tableSize(80) + base + indexing("x-a", "1") + indexing("x-b", "2") + indexing("x-c", "3"))
                + headers(5, base + indexed(62) + indexed(63)) + headers(7, base + indexed(64)), is: broken,
            .handler(5), .handler(7, starts: false)),
        Rule(
            "§2.2 entries live as long as the connection",
            headers(3, base + indexing("x-a", "1")) + reset(3) + headers(5, base + indexed(62)), is: .accepted,
            .handler(5)),
        Rule(
            "§4.2 the server's fields are readable with the smallest table",
            [
                .send(settings((1, 0)) + talk(3, ends: true) + talk(5, ends: true)), .answer(3), .answer(5),
            ], .accepted, [.field("grpc-status", "0", on: 3), .field("grpc-status", "0", on: 5)]),
        Rule(
            "§4.2 and with a table that was shrunk and opened again",
            [
                .send(talk(3, ends: true)), .answer(3),
                .send(settings((1, 0)) + settings((1, 4_096)) + talk(5, ends: true)),
                .answer(5),
            ], .accepted, [.field("grpc-status", "0", on: 5)]),
    ]

    static let limits = [
        Rule(
            "§7.3 an index into a large entry, over and over: the stream is reset, the connection lives",
            headers(3, base + [0x40] + string("x-a") + string(String(repeating: "b", count: 3_900)))
                + headers(5, base + Bytes(repeating: 0xBE, count: 8_000)),
            is: .streamError(5, .internalError, or: .enhanceYourCalm),
            .handler(3),
            .handler(5, starts: false))
    ]

    @Test(arguments: integers + strings + indexes + tables + limits)
    func rule(_ rule: Rule) throws { try rule.verify() }
}
