// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirHTTP2

@Suite("HeaderFields")
struct HeaderFieldsTests {
    @Test("keeps names, values and their order, empty values and repeated names too")
    func keepsAll() {
        var fields = HeaderFields([("a", "1"), ("b", ""), ("a", "2")])
        let name: [UInt8] = [0x63]
        let value: [UInt8] = [0x33, 0x34]
        name.withUnsafeBytes { name in value.withUnsafeBytes { value in fields.append(name: name, value: value) } }
        #expect(fields.strings.map(\.name) == ["a", "b", "a", "c"])
        #expect(fields.strings.map(\.value) == ["1", "", "2", "34"])
        #expect(fields.count == 4)
        #expect(fields.first("a") == "1")
        #expect(fields.first("z") == nil)
    }

    @Test("its list size is names, values and 32 bytes a field (RFC 9113 §6.5.2)")
    func listBytes() {
        #expect(HeaderFields().listBytes == 0)
        #expect(HeaderFields([("ab", "cde"), ("f", "")]).listBytes == 5 + 32 + 1 + 32)
    }

    @Test("visits the same bytes that it shows as strings")
    func visits() {
        let fields = HeaderFields([("grpc-status", "0"), ("grpc-message", "")])
        var seen: [String] = []
        fields.forEach { name, value in
            let text = { String(decoding: fields.bytes[$0], as: UTF8.self) }
            seen.append("\(text(name)):\(text(value))")
        }
        #expect(seen == ["grpc-status:0", "grpc-message:"])
    }
}
