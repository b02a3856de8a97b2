// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Testing

@testable import WeirDataService

/// A catalog over a temporary directory, and what tests do with it.
struct DatasetFixture {
    let directory: TemporaryDirectory
    let catalog: DatasetCatalog

    init(
        limits: DatasetListing.Limits = DatasetListing.Limits(), readAheadBytes: Int = 33_554_432,
        liveRate: Double = 1, clock: any LiveClock = SystemLiveClock()
    ) throws {
        self.directory = try TemporaryDirectory()
        self.catalog = try DatasetCatalog(
            root: directory.path, liveRate: liveRate, threadPool: .singleton, clock: clock, limits: limits,
            readAheadBytes: readAheadBytes)
    }

    /// Every chunk of a request.
    func chunks(_ request: DatasetRequest) async throws -> [DatasetChunk] {
        var reader = try await catalog.open(request)
        return try await rest(of: &reader)
    }

    /// Every chunk a reader still has; asks once more behind the last, which must not change the answer.
    func rest(of reader: inout DatasetReader) async throws -> [DatasetChunk] {
        var chunks: [DatasetChunk] = []
        while let chunk = try await reader.next() { chunks.append(chunk) }
        #expect(try await reader.next() == nil)
        return chunks
    }

    /// The error that opening a request or reading it to its end gives, and the chunks before it.
    func failure(_ request: DatasetRequest) async -> (chunks: [DatasetChunk], error: (any Error)?) {
        var chunks: [DatasetChunk] = []
        do {
            var reader = try await catalog.open(request)
            while let chunk = try await reader.next() { chunks.append(chunk) }
            return (chunks, nil)
        } catch {
            return (chunks, error)
        }
    }

    /// The names of the files that are listed.
    func listedFiles() async throws -> [String] {
        try await catalog.list().filter { $0.kind == .file }.map(\.name)
    }
}

/// Bytes that look like nothing in particular, the same in every run.
func sampleBytes(_ count: Int, seed: UInt32 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: state >> 24)
    }
}

extension DatasetChunk {
    /// The payload as an array.
    var bytes: [UInt8] { Array(payload.readableBytesView) }

    /// The payload as text.
    var text: String { String(buffer: payload) }
}

extension Sequence where Element == DatasetChunk {
    /// The payloads one after the other.
    var joinedBytes: [UInt8] { flatMap(\.bytes) }
}

/// What a reader gives in a task that is cancelled: chunks that were at hand, and then an error.
///
/// The reader can be used afterwards. At most 100 chunks are asked for, so a reader that never looks is found out.
func readCancelled(_ reader: DatasetReader) async -> (chunks: [DatasetChunk], error: (any Error)?) {
    let handover = Handover(reader: reader)
    let task = Task { () -> (chunks: [DatasetChunk], error: (any Error)?) in
        withUnsafeCurrentTask { $0?.cancel() }
        var chunks: [DatasetChunk] = []
        do {
            var reader = handover.reader
            while chunks.count < 100, let chunk = try await reader.next() { chunks.append(chunk) }
            return (chunks, nil)
        } catch {
            return (chunks, error)
        }
    }
    return await task.value
}

/// Takes a reader into a task and back; safe because only one side uses it at a time.
private struct Handover: @unchecked Sendable {
    let reader: DatasetReader
}
