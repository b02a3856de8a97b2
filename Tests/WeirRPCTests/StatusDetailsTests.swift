// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("The details of a status")
struct StatusDetailsTests {
    static let all: [StatusDetail] = [
        .errorInfo(ErrorInfo(reason: "R", domain: "d", metadata: ["a": "1", "": ""])),
        .retryInfo(RetryInfo(retryDelay: .milliseconds(1_500))),
        .debugInfo(DebugInfo(stackEntries: ["f", "", "g"], detail: "why")),
        .quotaFailure(
            QuotaFailure(violations: [.init(subject: "s", description: "much"), .init(subject: "", description: "")])),
        .preconditionFailure(
            PreconditionFailure(violations: [.init(type: "TERMS", subject: "s", description: "sign")])),
        .badRequest(BadRequest(fieldViolations: [.init(field: "a.b[0]", description: "odd", reason: "ODD")])),
        .requestInfo(RequestInfo(requestID: "42", servingData: "x")),
        .resourceInfo(ResourceInfo(resourceType: "t", resourceName: "n", owner: "o", description: "gone")),
        .help(Help(links: [.init(description: "read", url: "https://example.org/ü")])),
        .localizedMessage(LocalizedMessage(locale: "de", message: "Übel")),
        .other(typeURL: "type.googleapis.com/my.Own", value: [0, 255]),
        .other(typeURL: "", value: []),
    ]

    private func decoded(_ status: Status) -> Status? {
        status.encodedDetails().flatMap { Status(encodedDetails: $0) }
    }

    @Test("come back as they went")
    func roundTrip() {
        let status = Status(code: .aborted, message: "100% ü", details: Self.all)
        #expect(decoded(status) == status)
        for detail in Self.all {
            let one = Status(code: .notFound, details: [detail])
            #expect(decoded(one) == one)
        }
    }

    @Test("have the bytes that protoc gives them")
    func bytes() throws {
        let help = Status(code: .ok, details: [.help(Help(links: [.init(description: "d", url: "u")]))])
        let url = Array("type.googleapis.com/google.rpc.Help".utf8)
        let expected: [UInt8] =
            [0x1A, UInt8(url.count + 12), 0x0A, UInt8(url.count)] + url + [
                0x12, 8, 0x0A, 6, 0x0A, 1, 0x64, 0x12, 1, 0x75,
            ]
        #expect(help.encodedDetails() == expected)
        let debug = StatusDetail.debugInfo(DebugInfo(stackEntries: [""], detail: "x"))
        #expect(debug.encodedValue() == [0x0A, 0, 0x12, 1, 0x78])
    }

    @Test("carry the message as grpc-message does, however it is cut: clients compare them")
    func message() throws {
        for message in ["short", "100% ü", String(repeating: "ü", count: 2_000), String(repeating: "a", count: 2_000)] {
            let status = Status(code: .aborted, message: message, details: Self.all)
            let header = try #require(status.messageHeaderValue)
            #expect(decoded(status)?.message == PercentEncoding.decode(header))
        }
    }

    private static func other(_ count: Int) -> StatusDetail {
        .other(typeURL: "type.googleapis.com/t", value: [UInt8](repeating: 1, count: count))
    }

    @Test("fit at the limit; beyond it debugging goes first, then what does not fit, and a note says so")
    func limit() throws {
        // Tags, lengths, the URL and the code come to 31 bytes.
        let fitting = Status(code: .aborted, details: [Self.other(Status.maximumDetailsBytes - 31)])
        #expect(fitting.encodedDetails()?.count == Status.maximumDetailsBytes)
        #expect(decoded(fitting) == fitting)

        let debug = StatusDetail.debugInfo(DebugInfo(detail: String(repeating: "d", count: 300)))
        let reason = StatusDetail.errorInfo(ErrorInfo(reason: "R"))
        let cases: [(details: [StatusDetail], kept: [StatusDetail], leftOut: Int)] = [
            ([debug, Self.other(4_400), reason], [Self.other(4_400)], 2),
            ([debug, reason, Self.other(4_200)], [reason, Self.other(4_200)], 1),
            ([Self.other(4_575), reason], [reason], 1),
            ([Self.other(3_000), Self.other(3_000), reason], [Self.other(3_000), reason], 1),
            ([StatusDetail](repeating: Self.other(1_000_000), count: 3), [], 3),
        ]
        for (details, kept, leftOut) in cases {
            let bytes = try #require(Status(code: .aborted, message: "m", details: details).encodedDetails())
            #expect(bytes.count <= Status.maximumDetailsBytes)
            let decoded = try #require(Status(encodedDetails: bytes))
            #expect(Array(decoded.details.dropLast()) == kept)
            guard case .debugInfo(let note) = decoded.details.last else {
                Issue.record("no note in \(decoded)")
                continue
            }
            #expect(note.detail.hasPrefix("weir: \(leftOut) details were left out"))
        }
    }

    @Test("leave trailers below 8 KiB, whatever message and details there are")
    func trailers() {
        let status = Status(
            code: .resourceExhausted, message: String(repeating: "ü", count: 10_000),
            details: Self.all + [Self.other(100_000)] + [StatusDetail](repeating: Self.other(300), count: 100))
        var bytes = 0
        status.forEachTrailerField(metadata: Metadata()) { bytes += $0.utf8.count + $1.utf8.count + 32 }
        #expect(bytes < 8 * 1024 - 512)
        #expect(bytes > 5 * 1024)
    }

    @Test("a known type whose bytes are something else, and an unknown one, are kept as they are")
    func unknown() {
        for (name, value) in [
            ("google.rpc.ErrorInfo", [0x0A, 9]), ("google.rpc.Help", [0x0A, 2, 0xFF, 0xFF]),
            ("google.rpc.LocalizedMessage", [0x0A, 1, 0xFF]), ("google.rpc.Unheard", [1]),
            ("google.rpc.RetryInfo", [0x0A, 11, 0x08] + [UInt8](repeating: 0x80, count: 9) + [1]),
        ] as [(String, [UInt8])] {
            let detail = StatusDetail.other(typeURL: "type.googleapis.com/\(name)", value: value)
            let status = Status(code: .aborted, details: [detail])
            #expect(decoded(status) == status)
        }
    }

    @Test("what is no google.rpc.Status is none, and nothing traps")
    func malformed() throws {
        for bytes in [
            [0x08], [0x0A, 1, 1], [0x12, 2, 0x61], [0x12, 1, 0xFF], [0x1A, 1, 0xFF], [0], [0x0B], [0x1D, 0],
            [UInt8](repeating: 0xFF, count: 11), [0x12] + [UInt8](repeating: 0xFF, count: 9) + [1],
        ] as [[UInt8]] {
            #expect(Status(encodedDetails: bytes) == nil)
        }
        let whole = try #require(Status(code: .aborted, message: "m", details: Self.all).encodedDetails())
        for count in whole.indices { _ = Status(encodedDetails: Array(whole.prefix(count))) }
        for index in whole.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var changed = whole
                changed[index] = value
                _ = Status(encodedDetails: changed)
            }
        }
    }

    @Test(
        "a code that gRPC does not know is UNKNOWN",
        arguments: [([0x08, 17], 2), ([0x20, 0], 0), ([0x08, 16], 16)] as [([UInt8], Int)])
    func code(bytes: [UInt8], expected: Int) {
        #expect(Status(encodedDetails: bytes)?.code.rawValue == expected)
        #expect(Status(encodedDetails: [0x08] + [UInt8](repeating: 0xFF, count: 9) + [1])?.code == .unknown)
    }
}
