// SPDX-License-Identifier: Apache-2.0

import NIOPosix
import Testing

@testable import WeirDataService

@Suite("The memory for reading ahead")
struct ReadAheadBudgetTests {
    @Test("A reservation is at most an eighth of what is free, and goes back when it ends")
    func reservations() {
        let budget = ReadAheadBudget(totalBytes: 800)
        do {
            let first = budget.reserve(atMost: 1_000)
            #expect(first.bytes == 100)
            let second = budget.reserve(atMost: 50)
            #expect(second.bytes == 50)
            #expect(budget.reservedBytes == 150)
            let third = budget.reserve(atMost: 1_000)
            #expect(third.bytes == 81)
            withExtendedLifetime(first) {}
        }
        #expect(budget.reservedBytes == 0)
    }

    @Test("However many reserve, the total is kept", arguments: [-1, 0, 7, 8, 1_000_000])
    func total(_ total: Int) {
        let budget = ReadAheadBudget(totalBytes: total)
        func reserve(_ depth: Int) {
            guard depth > 0 else { return }
            let reservation = budget.reserve(atMost: 262_144)
            #expect(budget.reservedBytes <= max(0, total))
            reserve(depth - 1)
            withExtendedLifetime(reservation.bytes) {}
        }
        reserve(200)
        #expect(budget.reservedBytes == 0)
    }

    @Test("Blocks grow from 16 KiB to 256 KiB, and are 4 KiB when there is no memory for more")
    func blocks() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file")
        let file = try DataDirectory(path: directory.path).open("file")
        for (total, sizes) in [
            (33_554_432, [16_384, 32_768, 65_536, 131_072, 262_144, 262_144]), (0, [4_096, 4_096, 4_096]),
        ] {
            let budget = ReadAheadBudget(totalBytes: total)
            do {
                var source = FileSource(file: file, threadPool: .singleton, budget: budget)
                for size in sizes {
                    #expect(source.reserveBlock() == size)
                    #expect(budget.reservedBytes == (total == 0 ? 0 : size))
                }
                source.release()
                #expect(budget.reservedBytes == 0)
                _ = source.reserveBlock()
            }
            #expect(budget.reservedBytes == 0)
        }
    }

    @Test("Streams without memory to read ahead have the same content", arguments: [1, 100, 4_096, 5_000, 1_048_576])
    func withoutMemory(chunkBytes: UInt32) async throws {
        let fixture = try DatasetFixture(readAheadBytes: 0)
        let content = sampleBytes(chunkBytes == 1 ? 9_000 : 2_000_000)
        try fixture.directory.write("file", content)
        let chunks = try await fixture.chunks(DatasetRequest(name: "file", chunkBytes: chunkBytes))
        #expect(chunks.joinedBytes == content)
    }

    @Test(
        "A stream gives its memory back at its end, on an error, and when its reader goes away",
        arguments: [DatasetRequest.Framing.bytes, .lines])
    func returned(framing: DatasetRequest.Framing) async throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", sampleBytes(500_000))
        let root = try DataDirectory(path: directory.path)
        let budget = ReadAheadBudget(totalBytes: 33_554_432)
        func reader(_ limit: UInt64) throws -> DatasetReader {
            let source = FileSource(file: try root.open("file"), threadPool: .singleton, budget: budget)
            let request = DatasetRequest(name: "file", maxChunks: limit, chunkBytes: 100, framing: framing)
            return switch framing {
            case .bytes: .file(FileBytesReader(request, chunkBytes: 100, source: source))
            case .lines: .lines(FileLinesReader(request, source: source))
            }
        }
        do {
            var ended = try reader(20)
            for sequence in UInt64(0)..<20 {
                #expect(try await ended.next()?.sequence == sequence)
                #expect(budget.reservedBytes == (sequence == 19 ? 0 : 16_384))
            }
            #expect(try await ended.next() == nil)
            var broken = try reader(0)
            _ = try await broken.next()
            #expect(budget.reservedBytes == 16_384)
            try directory.resize("file", to: 100)
            await #expect(throws: DatasetError.fileChanged) { while try await broken.next() != nil {} }
            #expect(budget.reservedBytes <= 32_768)
        }
        #expect(budget.reservedBytes == 0)
    }
}
