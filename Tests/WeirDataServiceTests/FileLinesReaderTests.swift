// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import WeirDataService

@Suite("Files in lines", .timeLimit(.minutes(5)))
struct FileLinesReaderTests {
    private static let limit = 1_048_576

    private func fixture(_ content: [UInt8], readAheadBytes: Int = 33_554_432) throws -> DatasetFixture {
        let fixture = try DatasetFixture(readAheadBytes: readAheadBytes)
        try fixture.directory.write("file", content)
        return fixture
    }

    private func request(start: UInt64 = 0, limit: UInt64 = 0) -> DatasetRequest {
        DatasetRequest(name: "file", startSequence: start, maxChunks: limit, framing: .lines)
    }

    /// A line of `count` bytes, its newline included.
    private func line(_ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "x"), count: count - 1) + [UInt8(ascii: "\n")]
    }

    @Test(
        "Chunk i is line i with its newline, which the last line may lack",
        arguments: [
            ("", []), ("\n", ["\n"]), ("a", ["a"]), ("a\n", ["a\n"]), ("a\nb", ["a\n", "b"]), ("\n\n", ["\n", "\n"]),
            ("\na", ["\n", "a"]), ("a\r\nb\r\n", ["a\r\n", "b\r\n"]), ("a\n\nb\n", ["a\n", "\n", "b\n"]),
            ("a\rb\0c\u{2028}d\n", ["a\rb\0c\u{2028}d\n"]),
        ] as [(String, [String])])
    func lines(content: String, lines: [String]) async throws {
        let fixture = try fixture(Array(content.utf8))
        let chunks = try await fixture.chunks(request())
        #expect(chunks.map(\.bytes) == lines.map { Array($0.utf8) })
        #expect(chunks.map(\.sequence) == (0..<UInt64(lines.count)).map { $0 })
        #expect(fixture.directory.openDescriptors() == 0)
    }

    @Test(
        "Lines of every length come whole wherever blocks end, with and without memory to read ahead",
        arguments: [0, 33_554_432], [false, true])
    func blockBoundaries(readAheadBytes: Int, endsInNewline: Bool) async throws {
        let lengths = [1, 2, 4_095, 4_096, 4_097, 1, 16_383, 16_384, 16_385, 70_000, 3, 262_144, 500_000, 1, 8_192]
        var lines = lengths.map { length in
            sampleBytes(length - 1, seed: UInt32(length)).map { $0 == 10 ? 11 : $0 } + [10]
        }
        if !endsInNewline { lines[lines.count - 1].removeLast() }
        let fixture = try fixture(Array(lines.joined()), readAheadBytes: readAheadBytes)
        #expect(try await fixture.chunks(request()).map(\.bytes) == lines)
        for start in 0...lines.count + 1 {
            let chunks = try await fixture.chunks(request(start: UInt64(start), limit: 2))
            #expect(chunks.map(\.bytes) == Array(lines.dropFirst(start).prefix(2)))
            #expect(chunks.map(\.sequence) == (start..<max(start, min(start + 2, lines.count))).map { UInt64($0) })
        }
    }

    @Test("A line of exactly 1 MiB is sent, at the start, in the middle, and as the last one without a newline")
    func lineAtLimit() async throws {
        let bare = [UInt8](repeating: UInt8(ascii: "y"), count: Self.limit)
        let lines = [line(Self.limit), line(10), line(Self.limit), line(1), bare]
        let fixture = try fixture(Array(lines.joined()))
        #expect(try await fixture.chunks(request()).map(\.bytes) == lines)
    }

    @Test(
        "A line one byte over 1 MiB ends the stream behind the lines before it", arguments: [false, true],
        [0, 33_554_432])
    func lineOverLimit(newline: Bool, readAheadBytes: Int) async throws {
        let long = newline ? line(Self.limit + 1) : [UInt8](repeating: UInt8(ascii: "y"), count: Self.limit + 1)
        let fixture = try fixture(line(10) + line(20) + long, readAheadBytes: readAheadBytes)
        let outcome = await fixture.failure(request())
        #expect(outcome.error as? DatasetError == .lineTooLong(sequence: 2))
        #expect(outcome.chunks.map(\.payload.readableBytes) == [10, 20])
        // Asking for less than the long line is no error, and the error stays when it is asked for again.
        #expect(try await fixture.chunks(request(limit: 2)).count == 2)
        var reader = try await fixture.catalog.open(request(start: 2))
        for _ in 0..<2 {
            await #expect(throws: DatasetError.lineTooLong(sequence: 2)) { _ = try await reader.next() }
        }
    }

    @Test("Lines behind one that is too long can be asked for")
    func behindLongLine() async throws {
        let fixture = try fixture(line(10) + line(3 * Self.limit) + line(20) + line(30))
        #expect(try await fixture.chunks(request(start: 2)).map(\.payload.readableBytes) == [20, 30])
    }

    @Test(
        "A start at or past the end has no lines and ends normally", arguments: [3, 4, 1_000_000, UInt64.max - 1, .max])
    func pastTheEnd(start: UInt64) async throws {
        for content in ["a\nb\nc", "a\nb\nc\n"] {
            let fixture = try fixture(Array(content.utf8))
            for limit in [UInt64(0), 1, .max] {
                #expect(try await fixture.chunks(request(start: start, limit: limit)).isEmpty)
            }
            #expect(
                try await fixture.chunks(request(start: 2, limit: .max)).map(\.text) == [
                    content.hasSuffix("\n") ? "c\n" : "c"
                ])
        }
    }

    @Test("A start of any number in an empty file has no lines", arguments: [0, 1, UInt64.max])
    func emptyFile(start: UInt64) async throws {
        #expect(try await fixture([]).chunks(request(start: start)).isEmpty)
    }

    @Test("A new stream behind the last line of a broken one gets the rest exactly")
    func resume() async throws {
        let text = (0..<6_000).map { "line \($0) \(String(repeating: "z", count: $0 % 97))\n" }
        let fixture = try fixture(Array(text.joined().utf8))
        for broken in [1, 2, 999, 3_000, 5_999, 6_000] {
            var first = try await fixture.catalog.open(request())
            var got: [DatasetChunk] = []
            while got.count < broken, let chunk = try await first.next() { got.append(chunk) }
            got += try await fixture.chunks(request(start: UInt64(broken)))
            #expect(got.map(\.text) == text)
            #expect(got.map(\.sequence) == (0..<6_000).map { $0 })
        }
    }

    @Test("A cancelled stream reads nothing more, also before its first line, and its reader goes on where it stood")
    func cancellation() async throws {
        let lines = (0..<300).map { "line \($0) \(String(repeating: "w", count: 1_500))\n" }
        let fixture = try fixture(Array(lines.joined().utf8))
        for start in [0, 200] {
            var reader = try await fixture.catalog.open(request(start: UInt64(start)))
            var cancelled = await readCancelled(reader)
            #expect(cancelled.error is CancellationError)
            #expect(cancelled.chunks.isEmpty)
            var got = [try #require(try await reader.next())]
            cancelled = await readCancelled(reader)
            #expect(cancelled.error is CancellationError)
            got += cancelled.chunks
            got += try await fixture.rest(of: &reader)
            #expect(got.map(\.text) == Array(lines.dropFirst(start)))
        }
    }

    @Test("A file that is cut while it is read or searched ends in an error")
    func truncation() async throws {
        let content = (0..<100_000).map { "line \($0)\n" }.joined()
        let fixture = try fixture(Array(content.utf8))
        var reading = try await fixture.catalog.open(request())
        var searching = try await fixture.catalog.open(request(start: 99_999))
        #expect(try await reading.next()?.text == "line 0\n")
        try fixture.directory.resize("file", to: 600_000)
        await #expect(throws: DatasetError.fileChanged) { while try await reading.next() != nil {} }
        await #expect(throws: DatasetError.fileChanged) { _ = try await searching.next() }
    }

    @Test("A file that grows is read to the size it had when it was opened")
    func growth() async throws {
        let fixture = try fixture(Array("a\nb".utf8))
        var reader = try await fixture.catalog.open(request())
        try fixture.directory.resize("file", to: 100)
        #expect(try await fixture.rest(of: &reader).map(\.text) == ["a\n", "b"])
    }

    @Test("The number of lines is limited exactly", arguments: [1, 2, 9, 10, 11, UInt64.max])
    func limit(_ limit: UInt64) async throws {
        let fixture = try fixture(Array((0..<10).map { "\($0)\n" }.joined().utf8))
        #expect(try await fixture.chunks(request(limit: limit)).count == Int(min(limit, 10)))
        let tail = try await fixture.chunks(request(start: 8, limit: limit))
        #expect(tail.count == Int(min(limit, 2)))
    }
}
