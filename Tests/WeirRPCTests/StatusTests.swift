// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("A status")
struct StatusTests {
    static let stalled = ErrorInfo(
        reason: "STREAM_STALLED", metadata: ["stalled_for": "60s", "cause": "stream_window"])

    @Test("has no encoded details when it has none")
    func noDetails() {
        #expect(Status(code: .notFound, message: "gone").encodedDetails() == nil)
        #expect(Status(code: .notFound, message: "gone").detailsHeaderValue == nil)
    }

    @Test("encodes its details as protoc does")
    func details() {
        let status = Status(
            code: .resourceExhausted, message: "too slow: ü",
            details: [.errorInfo(StatusTests.stalled), .retryInfo(RetryInfo(retryDelay: .milliseconds(1500)))])
        // The output of protoc --encode=google.rpc.Status for the same message.
        let expected =
            "CAgSDHRvbyBzbG93OiDDvBpuCih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuRXJyb3JJbmZvEkIKDlNUUkVBTV9TVEFMTEVE"
            + "EgR3ZWlyGhYKBWNhdXNlEg1zdHJlYW1fd2luZG93GhIKC3N0YWxsZWRfZm9yEgM2MHMaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9n"
            + "b29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCAyrXuAQ"
        #expect(status.detailsHeaderValue == expected)
        #expect(status.encodedDetails() == Base64.decode(expected))
    }

    @Test(
        "encodes when to retry, within the range of google.protobuf.Duration",
        arguments: [
            (Duration.zero, [0x0A, 0x00]),
            (.seconds(-1), [0x0A, 0x00]),
            (.milliseconds(1500), [0x0A, 0x08, 0x08, 0x01, 0x10, 0x80, 0xCA, 0xB5, 0xEE, 0x01]),
            (.seconds(315_576_000_000), [0x0A, 0x07, 0x08, 0x80, 0xBC, 0xAE, 0xCE, 0x97, 0x09]),
            (.milliseconds(315_576_000_000_001), [0x0A, 0x07, 0x08, 0x80, 0xBC, 0xAE, 0xCE, 0x97, 0x09]),
            (.seconds(315_576_000_001), [0x0A, 0x07, 0x08, 0x80, 0xBC, 0xAE, 0xCE, 0x97, 0x09]),
            (.seconds(Int64.max), [0x0A, 0x07, 0x08, 0x80, 0xBC, 0xAE, 0xCE, 0x97, 0x09]),
        ] as [(Duration, [UInt8])])
    func retryInfo(delay: Duration, expected: [UInt8]) {
        #expect(RetryInfo(retryDelay: delay).encoded() == expected)
    }

    @Test("encodes the facts of a reason in the order of their names, whatever order they came in")
    func errorInfoOrder() {
        let names = (0..<20).map { "k\($0)" }
        var forward = ErrorInfo(reason: "R", domain: "d")
        var backward = forward
        for name in names { forward.metadata[name] = "v" }
        for name in names.reversed() { backward.metadata[name] = "v" }
        #expect(forward.encoded() == backward.encoded())
    }

    @Test("carries any other detail as it is given, with lengths that take two bytes", arguments: [127, 128, 300])
    func otherDetail(count: Int) throws {
        let value = [UInt8](repeating: 7, count: count)
        let status = Status(code: .aborted, details: [.other(typeURL: "t/x", value: value)])
        let bytes = try #require(status.encodedDetails())
        #expect(bytes.starts(with: [0x08, 10, 0x1A]))
        #expect(bytes.suffix(count).elementsEqual(value))
    }

    @Test(
        "cuts a long message in the trailers and in the details",
        arguments: [
            (1024, 1024), (1025, 1024), (100_000, 1024),
        ])
    func longMessage(length: Int, kept: Int) throws {
        let status = Status(
            code: .internalError, message: String(repeating: "a", count: length),
            details: [.other(typeURL: "t", value: [])])
        #expect(status.messageHeaderValue?.utf8.count == kept)
        // Tags, lengths, the code and the detail come to ten bytes.
        #expect(status.encodedDetails()?.count == kept + 10)
    }

    @Test("ends a call with its fields in the order of the specification, metadata last")
    func trailerFields() throws {
        var metadata = Metadata()
        try metadata.add(name: "weir-dropped", value: "3")
        try metadata.add(name: "trace-bin", binary: [0xFF])
        let status = Status(
            code: .unavailable, message: "100% full", details: [.other(typeURL: "t", value: [])])
        var fields: [String] = []
        status.forEachTrailerField(metadata: metadata) { fields.append("\($0): \($1)") }
        #expect(
            fields == [
                "grpc-status: 14", "grpc-message: 100%25 full",
                "grpc-status-details-bin: CA4SCTEwMCUgZnVsbBoDCgF0", "weir-dropped: 3", "trace-bin: /w",
            ])
    }

    @Test("ends a successful call with one field")
    func success() {
        var fields: [String] = []
        Status.ok.forEachTrailerField(metadata: Metadata()) { fields.append("\($0): \($1)") }
        #expect(fields == ["grpc-status: 0"])
        #expect(Status.ok.description == "OK")
    }
}
