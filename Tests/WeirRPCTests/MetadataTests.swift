// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("Metadata")
struct MetadataTests {
    @Test("keeps the order among equal names, and finds names whatever their case")
    func order() throws {
        var metadata = Metadata()
        try metadata.add(name: "X-Color", value: "red")
        try metadata.add(name: "other", value: "1")
        try metadata.add(name: "x-color", value: "blue")
        #expect(metadata.map(\.name) == ["x-color", "other", "x-color"])
        #expect(metadata[values: "X-COLOR"] == [.string("red"), .string("blue")])
        #expect(metadata[string: "X-Color"] == "red")
        #expect(metadata[string: "absent"] == nil)
        #expect(metadata[binary: "x-color"] == nil)
    }

    @Test("is a collection of names and values")
    func collection() throws {
        var metadata = Metadata()
        #expect(metadata.isEmpty)
        try metadata.add(name: "a", value: "1")
        try metadata.add(name: "b-bin", binary: [1, 2])
        #expect(metadata.count == 2)
        var seen: [String] = []
        for (name, value) in metadata { seen.append("\(name)=\(value)") }
        #expect(seen == ["a=string(\"1\")", "b-bin=binary([1, 2])"])
        #expect(metadata[binary: "B-bin"] == [1, 2])
        #expect(metadata[string: "b-bin"] == nil)
    }

    @Test("replaces and removes all values of a name")
    func replaceAndRemove() throws {
        var metadata = Metadata()
        try metadata.add(name: "a", value: "1")
        try metadata.add(name: "b", value: "2")
        try metadata.add(name: "a", value: "3")
        try metadata.replace(name: "A", value: "4")
        #expect(metadata[values: "a"] == [.string("4")])
        #expect(metadata.remove(name: "B") == 1)
        #expect(metadata.remove(name: "b") == 0)
        try metadata.replace(name: "c-bin", binary: [9])
        #expect(metadata.count == 2)
        var more = Metadata()
        try more.add(name: "a", value: "5")
        metadata.add(contentsOf: more)
        #expect(metadata[values: "a"] == [.string("4"), .string("5")])
    }

    @Test(
        "refuses names that are malformed",
        arguments: [
            "", " ", "a b", "a:b", "ä", "a\n", "a/b", "a\u{0}", "a,b", "a=b", "(a)",
        ])
    func malformedNames(name: String) {
        var metadata = Metadata()
        #expect(throws: MetadataError.self) { try metadata.add(name: name, value: "v") }
        #expect(metadata.isEmpty)
    }

    @Test(
        "refuses names that belong to the protocol, in any case",
        arguments: [
            "grpc-status", "GRPC-Status", "grpc-timeout", "grpc-anything", "grpc-", "te", "TE", "content-type",
            "content-length", "user-agent", "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding",
            "upgrade", ":path", ":status", ":x",
        ])
    func reservedNames(name: String) throws {
        var metadata = Metadata()
        let error = #expect(throws: MetadataError.self) { try metadata.add(name: name, value: "v") }
        guard case .reservedName = try #require(error) else {
            Issue.record("refused for another reason: \(String(describing: error))")
            return
        }
        #expect(throws: MetadataError.self) { try metadata.replace(name: name, value: "v") }
    }

    @Test(
        "takes every valid name, the exceptions of grpc- included",
        arguments: [
            "grpc-retry-pushback-ms", "grpc-previous-rpc-attempts", "grpcx", "a", "0", "_", ".", "-", "a_b.c-d",
            "authorization", "teleport", "-bi",
        ])
    func validNames(name: String) throws {
        var metadata = Metadata()
        try metadata.add(name: name, value: "v")
        #expect(metadata[string: name] == "v")
    }

    @Test("wants bytes under names that end in -bin, and only there", arguments: ["a-bin", "A-BIN", "-bin"])
    func binaryNames(name: String) throws {
        var metadata = Metadata()
        #expect(throws: MetadataError.textForBinaryName(name.lowercased())) {
            try metadata.add(name: name, value: "AA")
        }
        try metadata.add(name: name, binary: [0])
        #expect(metadata[binary: name] == [0])
        #expect(throws: MetadataError.binaryForTextName("a")) { try metadata.add(name: "a", binary: [0]) }
    }

    @Test(
        "takes printable ASCII and drops the spaces around it",
        arguments: [
            ("", ""), (" ", ""), ("   ", ""), ("a", "a"), (" a", "a"), ("a  ", "a"), ("  a b  ", "a b"), ("~ !", "~ !"),
        ])
    func values(value: String, kept: String) throws {
        var metadata = Metadata()
        try metadata.add(name: "a", value: value)
        #expect(metadata[string: "a"] == kept)
    }

    @Test("refuses text that is not printable ASCII", arguments: ["\n", "a\u{1F}", "a\u{7F}", "ü", "\t", "a\u{0}"])
    func invalidValues(value: String) {
        var metadata = Metadata()
        #expect(throws: MetadataError.invalidValue(name: "a")) { try metadata.add(name: "a", value: value) }
    }

    @Test("says in its errors what would be right")
    func errors() {
        #expect(MetadataError.reservedName("te").description.contains("reserved"))
        #expect(MetadataError.invalidName("a b").description.contains("\"a b\""))
        #expect(MetadataError.invalidValue(name: "a").description.contains("-bin"))
        #expect(MetadataError.textForBinaryName("a-bin").description.contains("bytes"))
        #expect(MetadataError.binaryForTextName("a").description.contains("-bin"))
    }

    @Test("counts name, value as sent and 32 for each entry")
    func size() throws {
        var metadata = Metadata()
        #expect(metadata.headerListBytes == 0)
        try metadata.add(name: "abc", value: "12345")
        #expect(metadata.headerListBytes == 40)
        try metadata.add(name: "x-bin", binary: [1, 2, 3, 4])
        #expect(metadata.headerListBytes == 40 + 5 + 6 + 32)
        var sent = 0
        metadata.forEachField { sent += $0.utf8.count + $1.utf8.count + 32 }
        #expect(sent == metadata.headerListBytes)
    }
}
