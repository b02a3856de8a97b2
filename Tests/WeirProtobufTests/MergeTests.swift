// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirProtobuf

/// Fields that occur more than once, and fields that are not what they should be, count as Protocol Buffers say.
@Suite struct MergeTests {
    @Test("The last value of a field counts")
    func scalars() throws {
        let bytes = Wire.number(1, 1) + Wire.delimited(14, [0x61]) + Wire.number(1, 2) + Wire.delimited(14, [0x62])
        let message = try decode(Weir_Test_AllTypes.self, bytes)
        #expect(message.aInt32 == 2)
        #expect(message.aString == "b")
    }

    @Test("The occurrences of a message field are one message")
    func messages() throws {
        let first = Wire.number(1, 5) + Wire.delimited(3, [1, 2]) + Wire.delimited(4, Wire.number(1, 8))
        let second = Wire.delimited(2, [9]) + Wire.delimited(3, [3]) + Wire.delimited(4, Wire.delimited(2, [7]))
        let bytes = Wire.delimited(17, first) + Wire.number(1, 3) + Wire.delimited(17, second)
        let nested = try #require(try decode(Weir_Test_AllTypes.self, bytes).aNested)
        #expect(nested.value == 5)
        #expect(nested.blob == ByteBuffer(bytes: [9]))
        #expect(nested.list == [1, 2, 3])
        #expect(nested.inner?.value == 8)
        #expect(nested.inner?.blob == ByteBuffer(bytes: [7]))
    }

    @Test("A later default of a message field replaces an earlier value")
    func laterDefault() throws {
        let bytes = Wire.delimited(17, Wire.number(1, 5)) + Wire.delimited(17, Wire.number(1, 0))
        #expect(try decode(Weir_Test_AllTypes.self, bytes).aNested?.value == 0)
    }

    @Test("Thousands of occurrences of a message field cost linear time and memory")
    func manyOccurrences() throws {
        let bytes = Array(repeatElement(Wire.delimited(17, Wire.delimited(3, [1])), count: 20_000).joined())
        let nested = try #require(try decode(Weir_Test_AllTypes.self, bytes).aNested)
        #expect(nested.list.count == 20_000)
    }

    @Test("The last member of a oneof counts, whatever came before")
    func oneof() throws {
        let text = Wire.delimited(2, [0x61])
        let number = Wire.number(3, 7)
        let nested = Wire.delimited(4, Wire.number(1, 5))
        let more = Wire.delimited(4, Wire.delimited(2, [9]))
        #expect(try decode(Weir_Test_Choice.self, text + number).choice == .number(7))
        #expect(try decode(Weir_Test_Choice.self, number + text).choice == .text("a"))
        var both = Weir_Test_AllTypes.Nested()
        both.value = 5
        both.blob = ByteBuffer(bytes: [9])
        #expect(try decode(Weir_Test_Choice.self, nested + more).choice == .nested(both))
        both.value = 0
        #expect(try decode(Weir_Test_Choice.self, nested + number + more).choice == .nested(both))
        let other = try decode(Weir_Test_Choice.self, Wire.number(20, 1) + text + Wire.number(21, 2) + number)
        #expect(other.other == .right(2))
        #expect(other.choice == .number(7))
    }

    @Test("Packed and unpacked values of a repeated field are read alike")
    func packing() throws {
        let bytes = Wire.number(1, 1) + Wire.delimited(1, [2, 3]) + Wire.number(1, 4) + Wire.delimited(1, [])
        #expect(try decode(Weir_Test_Lists.self, bytes).aInt32 == [1, 2, 3, 4])
        let expanded = Wire.delimited(100, [5, 6]) + Wire.number(100, 7)
        #expect(try decode(Weir_Test_Lists.self, expanded).expanded == [5, 6, 7])
        let fixed = Wire.tag(7, 5) + [1, 0, 0, 0] + Wire.delimited(7, [2, 0, 0, 0, 3, 0, 0, 0])
        #expect(try decode(Weir_Test_Lists.self, fixed).aFixed32 == [1, 2, 3])
    }

    @Test("Booleans are true for every number but 0, also packed and in many bytes")
    func booleans() throws {
        let long: [UInt8] = [0x80, 0x80, 0x01]
        #expect(try decode(Weir_Test_AllTypes.self, Wire.tag(13, 0) + long).aBool)
        #expect(
            try decode(Weir_Test_Lists.self, Wire.delimited(13, [0, 2] + long + [0x80, 0])).aBool == [
                false, true, true, false,
            ])
    }

    @Test("Numbers that are too long for their field lose their upper bits")
    func truncation() throws {
        let bytes = Wire.number(1, 0x1_0000_0005) + Wire.number(3, .max) + Wire.number(16, 0xffff_ffff_0000_0001)
        let message = try decode(Weir_Test_AllTypes.self, bytes)
        #expect(message.aInt32 == 5)
        #expect(message.aUint32 == .max)
        #expect(message.aColor == .red)
    }

    @Test("A known field with another wire type is unknown")
    func wrongWireType() throws {
        let bytes =
            Wire.delimited(1, [1]) + Wire.number(14, 3) + Wire.tag(17, 5) + [1, 2, 3, 4] + Wire.tag(2, 3)
            + Wire.tag(2, 4) + Wire.number(4, 9)
        var expected = Weir_Test_AllTypes()
        expected.aUint64 = 9
        #expect(try decode(Weir_Test_AllTypes.self, bytes) == expected)
    }

    @Test("Unknown fields of every wire type are skipped, at every level")
    func unknownFields() throws {
        let unknown =
            Wire.number(1000, .max) + Wire.tag(1001, 1) + Array(repeating: 1, count: 8) + Wire.delimited(1002, [1, 2])
            + Wire.tag(1003, 3) + Wire.number(1, 1) + Wire.tag(1004, 3) + Wire.tag(1004, 4) + Wire.tag(1003, 4)
            + Wire.tag(1005, 5) + [1, 2, 3, 4]
        let nested = unknown + Wire.number(1, 5) + unknown + Wire.delimited(3, [1]) + unknown
        let bytes = unknown + Wire.delimited(17, nested) + unknown + Wire.delimited(15, [8]) + unknown
        var expected = Weir_Test_AllTypes()
        expected.aNested = .init()
        expected.aNested?.value = 5
        expected.aNested?.list = [1]
        expected.aBytes = ByteBuffer(bytes: [8])
        #expect(try decode(Weir_Test_AllTypes.self, bytes) == expected)
        #expect(try decode(Weir_Test_AllTypes.self, unknown) == Weir_Test_AllTypes())
    }
}
