// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import Testing
import WeirProtobuf

/// What protoc encodes is decoded here, and the other way round.
@Suite struct ProtocTests {
    static let allTypes = """
        a_int32: -1 a_int64: -9223372036854775808 a_uint32: 4294967295 a_uint64: 18446744073709551615
        a_sint32: -2147483648 a_sint64: -9223372036854775808 a_fixed32: 3735928559 a_fixed64: 81985529216486895
        a_sfixed32: -2 a_sfixed64: -3 a_float: 1.5 a_double: -2.25 a_bool: true a_string: "Wehr, 堰, weir"
        a_bytes: "\\000\\001\\002\\377" a_color: COLOR_DARK_BLUE a_nested { value: 42 }
        a_timestamp { seconds: 1700000000 nanos: 999999999 } an_imported { name: "imported" }
        """

    static let lists = """
        a_int32: [0, 1, -1, 2147483647, -2147483648] a_int64: [0, 1, -1, 9223372036854775807, -9223372036854775808]
        a_uint32: [0, 127, 128, 4294967295] a_uint64: [0, 127, 128, 18446744073709551615]
        a_sint32: [0, -1, 2147483647, -2147483648] a_sint64: [0, -1, 9223372036854775807, -9223372036854775808]
        a_fixed32: [0, 1, 4294967295] a_fixed64: [0, 1, 18446744073709551615]
        a_sfixed32: [0, -1, -2147483648] a_sfixed64: [0, -1, -9223372036854775808]
        a_float: [0, 0.5, -inf] a_double: [0, 0.25, 1.7976931348623157e308] a_bool: [false, true, false]
        a_string: ["", "a", "a string that does not fit in sixteen bytes"]
        a_bytes: ["", "\\007", "\(String(repeating: "\\t", count: 300))"] a_color: [COLOR_NONE, COLOR_RED, COLOR_DARK_BLUE, 99]
        a_nested { value: 1 list: [1, 1] } a_nested { list: [0, 0] } a_nested { value: -5 list: [-5, -5] }
        expanded: [3, 0, -1]
        """

    @Test("The encoding of every type of field is protoc's, byte for byte")
    func encodesAllTypes() throws {
        #expect(try encode(Weir_Test_AllTypes.filled) == protoc("--encode", "AllTypes", Array(Self.allTypes.utf8)))
    }

    @Test("The encoding of every type of repeated field is protoc's, byte for byte")
    func encodesLists() throws {
        #expect(try encode(Weir_Test_Lists.filled) == protoc("--encode", "Lists", Array(Self.lists.utf8)))
    }

    @Test("What protoc encodes is decoded to the same message")
    func decodes() throws {
        let bytes = try protoc("--encode", "AllTypes", Array(Self.allTypes.utf8))
        #expect(try decode(Weir_Test_AllTypes.self, bytes) == Weir_Test_AllTypes.filled)
        let lists = try protoc("--encode", "Lists", Array(Self.lists.utf8))
        #expect(try decode(Weir_Test_Lists.self, lists) == Weir_Test_Lists.filled)
    }

    @Test("A map entry is protoc's, byte for byte, also with a default key and value")
    func maps() throws {
        var message = Weir_Test_Maps()
        message.byName = ["": 0]
        message.blobs = [true: ByteBuffer(string: "x")]
        message.nested = [5: .init()]
        let text = #"by_name { key: "" value: 0 } blobs { key: true value: "x" } nested { key: 5 value {} }"#
        #expect(try encode(message) == protoc("--encode", "Maps", Array(text.utf8)))
    }

    @Test("Presence and oneofs are protoc's, byte for byte")
    func presence() throws {
        var presence = Weir_Test_Presence()
        presence.aInt32 = 0
        presence.aString = ""
        presence.aNested = .init()
        let text = #"a_int32: 0 a_string: "" a_nested {}"#
        #expect(try encode(presence) == protoc("--encode", "Presence", Array(text.utf8)))

        var choice = Weir_Test_Choice()
        choice.choice = .number(0)
        choice.other = .left(-1)
        #expect(try encode(choice) == protoc("--encode", "Choice", Array("number: 0 left: -1".utf8)))
    }

    @Test("protoc decodes what is encoded here")
    func decoded() throws {
        let text = try protoc("--decode", "AllTypes", encode(Weir_Test_AllTypes.filled))
        #expect(String(decoding: text, as: UTF8.self).contains(#"a_string: "Wehr, \345\240\260, weir""#))
    }

    private func protoc(_ option: String, _ message: String, _ input: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let protos = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Protos").path
        process.arguments = ["protoc", "-I", protos, "\(option)=weir.test.\(message)", "weir/test/all_types.proto"]
        let standardInput = Pipe()
        let standardOutput = Pipe()
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
        try standardInput.fileHandleForWriting.close()
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Array(output)
    }
}
