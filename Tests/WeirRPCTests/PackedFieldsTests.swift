// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirRPC

@Suite("Metadata as it was received")
struct PackedFieldsTests {
    private func received(_ fields: [RequestFields.Field]) throws -> Metadata {
        var parser = RequestHeadParser()
        guard case .accept(let head) = parser.finish(requestFields + fields) else {
            Issue.record("the request was refused")
            return Metadata()
        }
        return head.metadata
    }

    private let requestFields: [RequestFields.Field] = [
        (":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), ("content-type", "application/grpc"),
    ]

    private let fields: [RequestFields.Field] = [
        ("x-one", "1"), ("x-raw-bin", "AAEC"), ("x-two", " two "), ("x-one", "uno"), ("x-raw-bin", "/w==, AA"),
        ("x-empty", ""),
    ]

    /// The same entries, one by one.
    private func added() throws -> Metadata {
        var metadata = Metadata()
        try metadata.add(name: "x-one", value: "1")
        try metadata.add(name: "x-raw-bin", binary: [0, 1, 2])
        try metadata.add(name: "x-two", value: "two")
        try metadata.add(name: "x-one", value: "uno")
        try metadata.add(name: "x-raw-bin", binary: [255])
        try metadata.add(name: "x-raw-bin", binary: [0])
        try metadata.add(name: "x-empty", value: "")
        return metadata
    }

    @Test("it is the same as metadata that was put together")
    func same() throws {
        let received = try received(fields)
        let added = try added()
        #expect(received == added)
        #expect(added == received)
        #expect(received.hashValue == added.hashValue)
        #expect(received.headerListBytes == added.headerListBytes)
        #expect(received.count == 7)
        var sent: [[String]] = [[], []]
        received.forEachField { sent[0].append("\($0)=\($1)") }
        added.forEachField { sent[1].append("\($0)=\($1)") }
        #expect(sent[0] == sent[1])
        #expect(try self.received(Array(fields.dropLast())) != added)
    }

    @Test("what else the request had is no part of it")
    func otherFields() throws {
        let alone = try received(fields)
        let among = try received([("user-agent", "test/1"), ("te", "trailers")] + fields + [("grpc-timeout", "1S")])
        #expect(among == alone)
        #expect(among.hashValue == alone.hashValue)
        #expect(among.headerListBytes == alone.headerListBytes)
        #expect(try received([("x-two", "1")]) != received([("x-one", "2")]))
    }

    @Test(
        "a name has lower-case letters, digits and three other characters, a value what is printable",
        arguments: 0...255 as ClosedRange<UInt8>)
    func characters(byte: UInt8) throws {
        // Of sixteen bytes and more, at the front, in the middle and at the end.
        for position in [0, 9, 17] {
            var text = Array("abcdefghijklmnopqr".utf8)
            text[position] = byte
            var parser = RequestHeadParser()
            let base = requestFields.map { (name: Array($0.name.utf8), value: Array($0.value.utf8)) }
            let isColon = byte == 0x3A && position == 0
            guard case .accept(let named) = parser.finish(base + [(name: text, value: [])]) else {
                #expect(isColon)
                continue
            }
            let isName = "abcdefghijklmnopqrstuvwxyz0123456789_-.".utf8.contains(byte)
            #expect(named.metadata.count == (isName ? 1 : 0))
            parser = RequestHeadParser()
            guard case .accept(let valued) = parser.finish(base + [(name: [0x78], value: text)]) else {
                #expect([0x20, 0x09].contains(byte) && position != 9)
                continue
            }
            let isTrimmed = byte == 0x09 && position != 9
            #expect(valued.metadata.count == ((0x20...0x7E).contains(byte) || isTrimmed ? 1 : 0))
        }
    }

    @Test("names are found whatever their case, values in their order, text and bytes apart")
    func lookUp() throws {
        let metadata = try received(fields)
        #expect(metadata[string: "X-One"] == "1")
        #expect(metadata[values: "x-one"] == [.string("1"), .string("uno")])
        #expect(metadata[string: "x-two"] == "two")
        #expect(metadata[string: "x-empty"] == "")
        #expect(metadata[binary: "x-raw-bin"] == [0, 1, 2])
        #expect(metadata[values: "x-raw-bin"] == [.binary([0, 1, 2]), .binary([255]), .binary([0])])
        #expect(metadata[string: "x-raw-bin"] == nil)
        #expect(metadata[binary: "x-one"] == nil)
        #expect(metadata[string: "x-on"] == nil)
        #expect(metadata[string: "x-onf"] == nil)
        #expect(metadata[string: ""] == nil)
    }

    @Test("a copy that is changed is changed alone")
    func changes() throws {
        let original = try received(fields)
        var changed = original
        try changed.add(name: "x-three", value: "3")
        #expect(changed.count == 8)
        #expect(changed[7].name == "x-three")
        #expect(changed[string: "x-three"] == "3")
        #expect(changed.remove(name: "X-ONE") == 2)
        try changed.replace(name: "x-two", value: "zwei")
        #expect(changed.map(\.name) == ["x-raw-bin", "x-raw-bin", "x-raw-bin", "x-empty", "x-three", "x-two"])
        #expect(try original == added())
        var joined = changed
        joined.add(contentsOf: original)
        #expect(joined.count == 13)
        #expect(joined[12].name == "x-empty")
        var empty = Metadata()
        empty.add(contentsOf: original)
        #expect(empty == original)
    }

    @Test("gRPC's own names are left out, two of its names excepted; what is not base64 is refused")
    func reserved() throws {
        let metadata = try received([
            ("grpc-tags-bin", "AA"), ("grpc-status", "0"), ("grpc-previous-rpc-attempts", "1"), ("grpc", "x"),
            ("grpc-", "x"),
        ])
        #expect(metadata.map(\.name) == ["grpc-previous-rpc-attempts", "grpc"])
        for value in ["A", "A=", "AA=", "A===", "AAAAA", "A\u{7F}AA", "AA,A"] {
            var parser = RequestHeadParser()
            guard case .reject = parser.finish(requestFields + [("x-bin", value)]) else {
                Issue.record("\(value) was taken")
                continue
            }
        }
    }
}
