// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirProtobuf

/// No input traps, and what is malformed is refused for the right reason.
@Suite struct HostileInputTests {
    static let malformed: [(String, [UInt8], ProtobufError.Code)] = [
        ("a tag alone", [0x08], .truncated),
        ("half a tag", [0x88], .truncated),
        ("half a varint", [0x08, 0x80], .truncated),
        ("an eleventh byte of a varint", [0x08] + Array(repeating: 0x80, count: 10) + [0x01], .malformedVarint),
        ("a 65th bit of a varint", [0x08] + Array(repeating: 0xff, count: 9) + [0x02], .malformedVarint),
        ("a tag of six bytes", [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01], .invalidFieldNumber),
        ("a tag above 32 bits", [0xf8, 0xff, 0xff, 0xff, 0x1f, 0x01], .invalidFieldNumber),
        ("field number 0", [0x00, 0x01], .invalidFieldNumber),
        ("field number 0 in a long tag", [0x80, 0x00, 0x01], .invalidFieldNumber),
        ("wire type 6", [0x0e], .invalidWireType),
        ("wire type 7", [0x0f], .invalidWireType),
        ("three of four bytes", [0x3d, 1, 2, 3], .truncated),
        ("seven of eight bytes", [0x41, 1, 2, 3, 4, 5, 6, 7], .truncated),
        ("a length past the end", [0x72, 0x02, 0x61], .truncated),
        ("a length of 4 GiB", [0x72, 0xff, 0xff, 0xff, 0xff, 0x0f], .truncated),
        ("a length of 2^64 - 1", [0x72] + Array(repeating: 0xff, count: 9) + [0x01], .truncated),
        ("a length of six bytes", [0x72, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], .malformedVarint),
        ("a nested message past its parent's end", [0x8a, 0x01, 0x01, 0x08, 0x01], .truncated),
        ("the end of a group that did not begin", [0x0c], .unbalancedGroup),
        ("a group that does not end", [0xc3, 0x3e], .unbalancedGroup),
        ("a group that ends as another", [0xc3, 0x3e, 0xcc, 0x3e], .unbalancedGroup),
    ]

    @Test("Malformed bytes are refused", arguments: malformed.indices)
    func refused(index: Int) {
        let (name, bytes, code) = Self.malformed[index]
        #expect(failure(Weir_Test_AllTypes.self, bytes) == code, "\(name)")
    }

    static let malformedPacked: [([UInt8], ProtobufError.Code)] = [
        (Wire.delimited(1, [0x80]), .truncated),
        (Wire.delimited(7, [1, 2, 3]), .malformedPackedField),
        (Wire.delimited(8, [1, 2, 3, 4, 5, 6, 7]), .malformedPackedField),
        (Wire.delimited(11, [1, 2, 3, 4, 5]), .malformedPackedField),
        (Wire.delimited(13, [1, 0xff]), .truncated),
    ]

    @Test("Packed fields that are not whole elements are refused", arguments: malformedPacked.indices)
    func packed(index: Int) {
        let (bytes, code) = Self.malformedPacked[index]
        #expect(failure(Weir_Test_Lists.self, bytes) == code)
    }

    static let longest: [([UInt8], UInt64)] = [
        ([0x20] + Array(repeating: 0xff, count: 9) + [0x01], .max),
        ([0x20] + Array(repeating: 0x80, count: 9) + [0x00], 0),
        ([0xa0, 0x80, 0x80, 0x80, 0x00, 0x05], 5),
    ]

    @Test("The longest varints and tags that are allowed are read", arguments: longest.indices)
    func accepted(index: Int) throws {
        let (bytes, value) = Self.longest[index]
        #expect(try decode(Weir_Test_AllTypes.self, bytes).aUint64 == value)
    }

    @Test("400 messages, each with some bytes altered, are decoded or refused, and decoded ones can be encoded again")
    func mutations() throws {
        var generator = SeededGenerator(seed: 0x5745_4952)
        var decoded = 0
        for round in 0..<400 {
            var bytes = try encode(Weir_Test_AllTypes.filled) + encode(Weir_Test_Lists.filled)
            if round % 2 == 0 { bytes = try encode(Weir_Test_Lists.filled) }
            for _ in 0...Int.random(in: 0..<6, using: &generator) {
                let at = Int.random(in: bytes.indices, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + 3))
                default: bytes.insert(contentsOf: [0xff, 0x01, 0x80], at: at)
                }
            }
            decoded += try survives(Weir_Test_AllTypes.self, bytes) ? 1 : 0
            decoded += try survives(Weir_Test_Lists.self, bytes) ? 1 : 0
            decoded += try survives(Weir_Test_Maps.self, bytes) ? 1 : 0
            decoded += try survives(Weir_Test_Choice.self, bytes) ? 1 : 0
            decoded += try survives(Weir_Test_Node.self, bytes) ? 1 : 0
        }
        // Otherwise nothing but refusals would have been tested.
        #expect(decoded > 100)
    }

    @Test("2,000 short messages of random bytes are decoded or refused")
    func noise() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<40, using: &generator)
            let bytes = (0..<count).map { _ in
                UInt8.random(in: 0...(Bool.random(using: &generator) ? 31 : 255), using: &generator)
            }
            _ = try survives(Weir_Test_AllTypes.self, bytes)
            _ = try survives(Weir_Test_Choice.self, bytes)
            _ = try survives(Weir_Test_Ping.self, bytes)
            _ = try survives(Weir_Test_Maps.self, bytes)
        }
    }

    /// Decodes; if that succeeds, what was decoded is encoded and decoded again, to the same bytes.
    private func survives<Message: ProtobufMessage>(_ type: Message.Type, _ bytes: [UInt8]) throws -> Bool {
        guard let message = try? decode(type, bytes) else { return false }
        let encoded = try message.serialized()
        let again = try Message(serialized: encoded)
        // Compared by length: the order of maps differs between runs, and not-a-number differs from itself.
        #expect(again.serializedByteCount == encoded.readableBytes)
        return true
    }
}
