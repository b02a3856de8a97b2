// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import WeirDataService

@Suite("Files in chunks of equal size", .timeLimit(.minutes(5)))
struct FileBytesReaderTests {
    @Test(
        "Chunk i is bytes i*n to (i+1)*n, and the last one may be shorter",
        arguments: [
            (0, 1), (1, 1), (4_097, 1), (1, 16_000), (15_999, 16_000), (16_000, 16_000), (16_001, 16_000),
            (700_001, 16_000), (700_001, 7), (262_144, 4_096), (1_048_576, 1_048_576), (1_048_577, 1_048_576),
            (2_500_000, 1_048_576), (1_000_000, 262_145),
        ])
    func chunks(fileBytes: Int, chunkBytes: Int) async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(fileBytes)
        try fixture.directory.write("file", content)
        let chunks = try await fixture.chunks(DatasetRequest(name: "file", chunkBytes: UInt32(chunkBytes)))
        #expect(chunks.count == (fileBytes + chunkBytes - 1) / chunkBytes)
        #expect(chunks.map(\.sequence) == (0..<UInt64(chunks.count)).map { $0 })
        #expect(chunks.dropLast().allSatisfy { $0.payload.readableBytes == chunkBytes })
        #expect(chunks.allSatisfy { $0.dropped == 0 && $0.payload.readableBytes > 0 })
        #expect(chunks.joinedBytes == content)
        #expect(fixture.directory.openDescriptors() == 0)
    }

    @Test("A chunk size of 0 means 16,000 bytes")
    func defaultChunk() async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("file", sampleBytes(16_001))
        let chunks = try await fixture.chunks(DatasetRequest(name: "file"))
        #expect(chunks.map(\.payload.readableBytes) == [16_000, 1])
    }

    @Test("A request cuts out exactly its part of the file", arguments: 0...13 as ClosedRange<UInt64>)
    func part(start: UInt64) async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(1_234)
        try fixture.directory.write("file", content)
        for limit in [UInt64(1), 2, 5, 13, 100, .max] {
            let chunks = try await fixture.chunks(
                DatasetRequest(name: "file", startSequence: start, maxChunks: limit, chunkBytes: 100))
            let from = min(Int(start) * 100, content.count)
            let to = min(from + Int(min(limit, 13)) * 100, content.count)
            #expect(chunks.joinedBytes == Array(content[from..<to]))
            #expect(chunks.first?.sequence == (from < to ? start : nil))
        }
    }

    @Test(
        "A start at or past the end has no chunks and ends normally, however large the numbers",
        arguments: [
            2, 3, UInt64(Int64.max), UInt64(Int64.max) / 100, UInt64.max / 100, UInt64.max / 100 + 1, UInt64.max - 1,
            .max,
        ], [UInt32(1), 100, 1_048_576])
    func pastTheEnd(start: UInt64, chunkBytes: UInt32) async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("file", sampleBytes(Int(min(start, 200)) * min(Int(chunkBytes), 100)))
        for limit in [UInt64(0), 1, .max] {
            let request = DatasetRequest(name: "file", startSequence: start, maxChunks: limit, chunkBytes: chunkBytes)
            #expect(try await fixture.chunks(request).isEmpty)
        }
    }

    @Test("A new stream behind the last chunk of a broken one gets the rest exactly")
    func resume() async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(100_003)
        try fixture.directory.write("file", content)
        for broken in [1, 2, 17, 40, 41] {
            var first = try await fixture.catalog.open(DatasetRequest(name: "file", chunkBytes: 2_500))
            var got: [DatasetChunk] = []
            while got.count < broken, let chunk = try await first.next() { got.append(chunk) }
            let next = (got.last?.sequence ?? 0) + 1
            got += try await fixture.chunks(DatasetRequest(name: "file", startSequence: next, chunkBytes: 2_500))
            #expect(got.joinedBytes == content)
            #expect(got.map(\.sequence) == (0..<41).map { $0 })
        }
    }

    @Test("A cancelled stream reads nothing more, and its reader goes on where it stood", arguments: [0, 1, 2, 16])
    func cancellation(before: Int) async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(50_000)
        try fixture.directory.write("file", content)
        var reader = try await fixture.catalog.open(DatasetRequest(name: "file", chunkBytes: 1_000))
        var got: [DatasetChunk] = []
        while got.count < before, let chunk = try await reader.next() { got.append(chunk) }
        let cancelled = await readCancelled(reader)
        #expect(cancelled.error is CancellationError)
        // The first block has 16 chunks of this size.
        #expect(cancelled.chunks.count == (before == 0 ? 0 : 16 - before))
        got += cancelled.chunks
        got += try await fixture.rest(of: &reader)
        #expect(got.joinedBytes == content)
    }

    @Test("A file that is cut while it is read ends in an error, behind the chunks that were whole")
    func truncation() async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(1_000_000)
        for remaining in [0, 500_000, 500_001, 999_999] {
            try fixture.directory.write("file", content)
            var reader = try await fixture.catalog.open(DatasetRequest(name: "file", chunkBytes: 10_000))
            var got: [DatasetChunk] = []
            if let chunk = try await reader.next() { got.append(chunk) }
            try fixture.directory.resize("file", to: remaining)
            let error = await #expect(throws: DatasetError.self) {
                while let chunk = try await reader.next() { got.append(chunk) }
            }
            #expect(error == .fileChanged)
            #expect(got.joinedBytes == Array(content.prefix(got.count * 10_000)))
            #expect(got.count * 10_000 <= max(remaining, 10_000))
        }
    }

    @Test("A file that was removed is read to its end")
    func removal() async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(300_000)
        try fixture.directory.write("file", content)
        var reader = try await fixture.catalog.open(DatasetRequest(name: "file", chunkBytes: 10_000))
        var got = [try #require(try await reader.next())]
        try fixture.directory.unlink("file")
        got += try await fixture.rest(of: &reader)
        #expect(got.joinedBytes == content)
    }

    @Test("A file that grows is read to the size it had when it was opened")
    func growth() async throws {
        let fixture = try DatasetFixture()
        let content = sampleBytes(100_001)
        try fixture.directory.write("file", content)
        var reader = try await fixture.catalog.open(DatasetRequest(name: "file", chunkBytes: 10_000))
        try fixture.directory.resize("file", to: 500_000)
        #expect(try await fixture.rest(of: &reader).joinedBytes == content)
    }

    @Test(
        "A file is closed when its reader goes away, wherever it stood",
        arguments: [DatasetRequest.Framing.bytes, .lines])
    func descriptors(framing: DatasetRequest.Framing) async throws {
        let fixture = try DatasetFixture()
        try fixture.directory.write("file", sampleBytes(100_000))
        do {
            var readers: [DatasetReader] = []
            for count in 0..<5 {
                var reader = try await fixture.catalog.open(
                    DatasetRequest(name: "file", chunkBytes: 100, framing: framing))
                for _ in 0..<count { _ = try await reader.next() }
                readers.append(reader)
            }
            #expect(fixture.directory.openDescriptors() == 5)
            readers.removeFirst(2)
            #expect(fixture.directory.openDescriptors() == 3)
            withExtendedLifetime(readers) {}
        }
        #expect(fixture.directory.openDescriptors() == 0)
    }
}
