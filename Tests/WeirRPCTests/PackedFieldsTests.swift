// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirRPC

@Suite("Metadata as it was received")
struct PackedFieldsTests {
    private func received(_ fields: [(String, String)]) throws -> Metadata {
        var parser = RequestHeadParser()
        let all = requestFields + fields
        for (name, value) in all {
            parser.add(name: Array(name.utf8).span, value: Array(value.utf8).span)
        }
        guard case .accept(let head) = parser.finish() else {
            Issue.record("the request was refused")
            return Metadata()
        }
        return head.metadata
    }

    private let requestFields = [
        (":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), ("content-type", "application/grpc"),
    ]

    private let fields = [
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
            for (name, value) in requestFields + [("x-bin", value)] {
                parser.add(name: Array(name.utf8).span, value: Array(value.utf8).span)
            }
            guard case .reject = parser.finish() else {
                Issue.record("\(value) was taken")
                continue
            }
        }
    }
}
