// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirProtobuf

/// `string` fields are UTF-8, all of it and nothing else.
@Suite struct StringTests {
    static let invalid: [(String, [UInt8])] = [
        ("a lone continuation byte", [0x61, 0x80]),
        ("a sequence cut short", [0xe5, 0xa0]),
        ("an overlong encoding of /", [0xc0, 0xaf]),
        ("a surrogate", [0xed, 0xa0, 0x80]),
        ("a scalar above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]),
        ("a byte that never occurs", [0x61, 0xff, 0x62]),
    ]

    @Test("A string that is not UTF-8 is refused", arguments: invalid.indices)
    func refused(index: Int) throws {
        let (name, bytes) = Self.invalid[index]
        #expect(failure(Weir_Test_AllTypes.self, Wire.delimited(14, bytes)) == .invalidUTF8, "\(name)")
        #expect(failure(Weir_Test_Lists.self, Wire.delimited(14, bytes)) == .invalidUTF8, "\(name), repeated")
        #expect(failure(Weir_Test_Presence.self, Wire.delimited(4, bytes)) == .invalidUTF8, "\(name), optional")
        #expect(failure(Weir_Test_Choice.self, Wire.delimited(2, bytes)) == .invalidUTF8, "\(name), in a oneof")
        let key = Wire.delimited(1, Wire.delimited(1, bytes))
        #expect(failure(Weir_Test_Maps.self, key) == .invalidUTF8, "\(name), a key")
        let nested = Wire.delimited(19, Wire.delimited(1, bytes))
        #expect(failure(Weir_Test_AllTypes.self, nested) == .invalidUTF8, "\(name), in a nested message")
        let blob = try decode(Weir_Test_AllTypes.self, Wire.delimited(15, bytes)).aBytes
        #expect(Array(blob.readableBytesView) == bytes, "\(name) is allowed in a bytes field")
    }

    @Test("The error names the message and the field, and not the string")
    func error() throws {
        let bytes = Wire.delimited(19, Wire.delimited(1, [0xff]))
        let error = #expect(throws: ProtobufError.self) { try decode(Weir_Test_AllTypes.self, bytes) }
        #expect(error?.messageName == "weir.test.Imported")
        #expect(error?.fieldNumber == 1)
        #expect(error.map(String.init(describing:)) == "weir.test.Imported: a string is not UTF-8 (field 1)")
    }

    @Test("A NUL does not end a string", arguments: ["demo\0evil", "\0", "\0\0end"])
    func nul(text: String) throws {
        var message = Weir_Test_AllTypes()
        message.aString = text
        #expect(try Weir_Test_AllTypes(serialized: message.serialized()).aString == text)
        #expect(try encode(message) == Wire.delimited(14, Array(text.utf8)))
    }
}
