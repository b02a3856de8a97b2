// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirProtobuf

/// Nesting, memory and unknown fields cost what the limits say and no more.
@Suite struct LimitTests {
    /// A message of `depth` levels, the outermost being the first.
    private func nested(_ depth: Int, _ number: UInt64) -> [UInt8] {
        var lengths: [[UInt8]] = []
        var count = 0
        for _ in 1..<depth {
            let head = Wire.tag(number, 2) + Wire.varint(UInt64(count))
            lengths.append(head)
            count += head.count
        }
        return Array(lengths.reversed().joined())
    }

    @Test("100 levels of messages are decoded, 101 are not")
    func nesting() throws {
        #expect(failure(Weir_Test_Node.self, nested(100, 1)) == nil)
        #expect(failure(Weir_Test_Node.self, nested(101, 1)) == .nestingTooDeep)
        var depth = 0
        var node: Weir_Test_Node? = try decode(Weir_Test_Node.self, nested(100, 1))
        while let current = node {
            depth += 1
            node = current.next
        }
        #expect(depth == 100)
    }

    @Test("10,000 levels of messages are refused, known or in groups")
    func deepNesting() {
        #expect(failure(Weir_Test_Node.self, nested(10_000, 1)) == .nestingTooDeep)
        let groups = Array(repeatElement(Wire.tag(99, 3), count: 10_000).joined())
        #expect(failure(Weir_Test_Node.self, groups) == .nestingTooDeep)
    }

    @Test("10,000 levels of an unknown message are bytes like any other")
    func unknownNesting() throws {
        #expect(try decode(Weir_Test_Node.self, nested(10_000, 77)) == Weir_Test_Node())
    }

    @Test("The nesting limit can be set, up to 500", arguments: [(1, 1), (2, 2), (500, 500), (10_000, 500)])
    func settings(limit: Int, effective: Int) {
        let options = ProtobufDecodingOptions(nestingDepth: limit, memoryBaseBytes: 1 << 20)
        #expect(failure(Weir_Test_Node.self, nested(effective, 1), options: options) == nil)
        #expect(failure(Weir_Test_Node.self, nested(effective + 1, 1), options: options) == .nestingTooDeep)
    }

    @Test("Groups count as levels: 99 inside a message are skipped, 100 are not")
    func groups() throws {
        func groups(_ depth: Int) -> [UInt8] {
            Array((0..<depth).map { _ in Wire.tag(99, 3) }.joined())
                + Array((0..<depth).map { _ in Wire.tag(99, 4) }.joined())
        }
        #expect(failure(Weir_Test_Node.self, groups(99)) == nil)
        #expect(failure(Weir_Test_Node.self, groups(100)) == .nestingTooDeep)
    }

    @Test("500 levels can be encoded, 501 cannot")
    func encodingDepth() throws {
        func node(_ depth: Int) -> Weir_Test_Node {
            (1..<depth).reduce(into: Weir_Test_Node()) { node, _ in
                var outer = Weir_Test_Node()
                outer.next = node
                node = outer
            }
        }
        #expect(try encode(node(500)) == nested(500, 1))
        let error = #expect(throws: ProtobufError.self) { try encode(node(501)) }
        #expect(error?.code == .nestingTooDeep)
        #expect(node(501).serializedByteCount == 0)
        var buffer = ByteBuffer(string: "head")
        #expect(throws: ProtobufError.self) { try node(501).serialize(into: &buffer) }
        #expect(buffer == ByteBuffer(string: "head"))
    }

    @Test("A mebibyte of unknown fields is skipped in a kilobyte of memory")
    func unknownFields() throws {
        var bytes = Wire.number(1, 5)
        bytes += Array(repeatElement(Wire.number(12, 1).prefix(1) + [1], count: 1 << 19).joined())
        bytes += Wire.number(4, 6)
        let options = ProtobufDecodingOptions(memoryBaseBytes: 1024, memoryBytesPerEncodedByte: 0)
        let message = try decode(Weir_Test_Presence.self, bytes, options: options)
        #expect(message.aInt32 == 5)
        #expect(message.aString == nil)
    }

    @Test("Decoding uses no more memory than allowed: a limit of what it needs is enough, one of 8 bytes less is not")
    func memory() throws {
        let bytes = try encode(Weir_Test_Lists.filled)
        func isEnough(_ limit: Int) -> Bool {
            let options = ProtobufDecodingOptions(memoryBaseBytes: limit, memoryBytesPerEncodedByte: 0)
            return failure(Weir_Test_Lists.self, bytes, options: options) == nil
        }
        let needed = try #require((0..<4096).lazy.map { $0 * 8 }.first(where: isEnough))
        #expect(needed > 1000)
        let short = ProtobufDecodingOptions(memoryBaseBytes: needed - 8, memoryBytesPerEncodedByte: 0)
        #expect(failure(Weir_Test_Lists.self, bytes, options: short) == .memoryLimitExceeded)
    }

    @Test("A message of many tiny messages is refused before it costs too much")
    func amplification() {
        let bytes = Array(repeatElement(Wire.delimited(17, []), count: 100_000).joined())
        #expect(failure(Weir_Test_Lists.self, bytes) == .memoryLimitExceeded)
        let generous = ProtobufDecodingOptions(memoryBytesPerEncodedByte: 200)
        #expect(failure(Weir_Test_Lists.self, bytes, options: generous) == nil)
    }

    @Test("Settings that make no sense do not trap", arguments: [Int.min, -1, 0, Int.max])
    func extremes(value: Int) {
        let options = ProtobufDecodingOptions(
            nestingDepth: value, memoryBaseBytes: value, memoryBytesPerEncodedByte: value)
        let code = failure(Weir_Test_Node.self, nested(2, 1), options: options)
        #expect(code == (value == .max ? nil : .nestingTooDeep))
    }
}
