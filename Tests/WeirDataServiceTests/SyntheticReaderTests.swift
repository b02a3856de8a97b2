// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import WeirDataService

@Suite("Computed bytes")
struct SyntheticReaderTests {
    private func chunks(_ request: DatasetRequest, atMost count: Int = .max) throws -> [DatasetChunk] {
        let reader = try SyntheticReader(request)
        var chunks: [DatasetChunk] = []
        while chunks.count < count, let chunk = reader.next() { chunks.append(chunk) }
        return chunks
    }

    @Test("The pattern is the documented stream of random numbers")
    func pattern() {
        // The first numbers of SplitMix64 from 0, as its authors publish them.
        let numbers: [UInt64] = [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F]
        var pattern = SyntheticPattern.bytes
        #expect(pattern.readableBytes == 1_114_112)
        for number in numbers { #expect(pattern.readInteger(endianness: .little) == number) }
    }

    @Test("Chunk i follows from i and the chunk size alone", arguments: [1, 100, 16_000, 1_048_576])
    func formula(chunkBytes: UInt32) throws {
        for start in [UInt64(0), 1, 15, 16, 65_535, 65_536, 1 << 40, .max] {
            let chunk = try #require(
                try chunks(DatasetRequest(name: "", startSequence: start, chunkBytes: chunkBytes), atMost: 1).first)
            let offset = Int((Int128(start) * 4099) % 65_536)
            #expect(chunk.sequence == start)
            #expect(chunk.payload == SyntheticPattern.bytes.getSlice(at: offset, length: Int(chunkBytes)))
        }
    }

    @Test("Different chunks have different content")
    func variety() throws {
        let distinct = Set(try chunks(DatasetRequest(name: "", maxChunks: 5_000, chunkBytes: 16)).map(\.payload))
        #expect(distinct.count == 5_000)
    }

    @Test("Without a limit it does not end, and with one it ends exactly there", arguments: [1, 2, 1_000])
    func limit(_ limit: UInt64) throws {
        #expect(try chunks(DatasetRequest(name: "", maxChunks: limit, chunkBytes: 10)).count == Int(limit))
        #expect(try chunks(DatasetRequest(name: "", chunkBytes: 10), atMost: 100_000).count == 100_000)
    }

    @Test("The numbers end at the largest there is", arguments: [0, 3, 5, UInt64.max])
    func lastSequence(limit: UInt64) throws {
        let chunks = try chunks(DatasetRequest(name: "", startSequence: .max - 2, maxChunks: limit, chunkBytes: 1))
        #expect(chunks.map(\.sequence) == [.max - 2, .max - 1, .max])
    }

    @Test(
        "Lines have the size of a chunk and one newline, which is their last byte",
        arguments: [1, 2, 80, 4_096, 4_097, 16_000, 1_048_576])
    func lines(chunkBytes: UInt32) throws {
        let count = chunkBytes > 100_000 ? 2 : 70
        let request = DatasetRequest(name: "", maxChunks: UInt64(count), chunkBytes: chunkBytes, framing: .lines)
        let chunks = try chunks(request)
        #expect(chunks.count == count)
        for chunk in chunks {
            #expect(chunk.payload.readableBytes == Int(chunkBytes))
            #expect(chunk.payload.readableBytesView.firstIndex(of: 10) == Int(chunkBytes) - 1)
        }
        if (10...4_096).contains(chunkBytes) {
            #expect(Set(chunks.map(\.payload)).count == 64)
            #expect(chunks[0].payload == chunks[64].payload)
        }
    }

    @Test(
        "A stream that is resumed has the content of one that was not broken",
        arguments: [DatasetRequest.Framing.bytes, .lines])
    func resume(framing: DatasetRequest.Framing) throws {
        let whole = try chunks(DatasetRequest(name: "", maxChunks: 200, chunkBytes: 33, framing: framing))
        let rest = try chunks(
            DatasetRequest(name: "", startSequence: 77, maxChunks: 123, chunkBytes: 33, framing: framing))
        #expect(Array(whole.dropFirst(77)) == rest)
    }

    @Test("The empty name and `synthetic` are the same data set", arguments: ["", "synthetic"])
    func names(_ name: String) async throws {
        let fixture = try DatasetFixture()
        let chunks = try await fixture.chunks(DatasetRequest(name: name, maxChunks: 3))
        #expect(chunks == (try self.chunks(DatasetRequest(name: "", maxChunks: 3))))
        #expect(chunks.allSatisfy { $0.payload.readableBytes == 16_000 && $0.dropped == 0 })
    }

    @Test("A cancelled task gets at most 15 chunks more", arguments: [0, 1, 15, 16, UInt64.max - 16])
    func cancellation(start: UInt64) async throws {
        let fixture = try DatasetFixture()
        let reader = try await fixture.catalog.open(DatasetRequest(name: "", startSequence: start))
        let cancelled = await readCancelled(reader)
        #expect(cancelled.error is CancellationError)
        #expect(cancelled.chunks.count == Int((16 - start % 16) % 16))
    }
}
