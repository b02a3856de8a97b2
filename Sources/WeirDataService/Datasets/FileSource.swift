// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// What the readers of files share: an open file, threads to read it on, and how much to read at once.
///
/// Blocks start small and double up to 256 KiB, so that a short look at a file reads little of it and a long stream
/// reads fast, as far as the ``ReadAheadBudget`` goes. One chunk, or 4 KiB, can always be read.
struct FileSource: ~Copyable {
    /// The file, open for as long as this lives.
    let file: OpenFile

    private let threadPool: NIOThreadPool
    private let budget: ReadAheadBudget
    private var reservation: ReadAheadBudget.Reservation?
    private var wantedBytes = firstBlockBytes

    private static let firstBlockBytes = 16_384
    private static let largestBlockBytes = 262_144
    private static let smallestBlockBytes = 4_096

    /// Prepares to read a file from any position.
    init(file: OpenFile, threadPool: NIOThreadPool, budget: ReadAheadBudget) {
        self.file = file
        self.threadPool = threadPool
        self.budget = budget
    }

    /// The bytes that the next block should have, reserved in the budget until the next call or ``release()``.
    mutating func reserveBlock() -> Int {
        release()
        let granted = budget.reserve(atMost: wantedBytes)
        let bytes = max(granted.bytes, Self.smallestBlockBytes)
        reservation = consume granted
        wantedBytes = min(wantedBytes * 2, Self.largestBlockBytes)
        return bytes
    }

    /// Returns what was reserved; to be called when the block is used up.
    mutating func release() {
        reservation = nil
    }

    /// Reads `count` bytes from `offset` on, behind a copy of `head`, on a thread of the pool.
    ///
    /// Throws `CancellationError` when the task is cancelled, and what ``OpenFile/read(_:at:into:)`` throws.
    func read(_ count: Int, at offset: UInt64, behind head: ByteBuffer = ByteBuffer()) async throws -> ByteBuffer {
        try Task.checkCancellation()
        let file = self.file
        let block = try await threadPool.runBlocking { () throws(DatasetError) -> ByteBuffer in
            var block = ByteBufferAllocator().buffer(capacity: head.readableBytes + count)
            block.writeImmutableBuffer(head)
            try file.read(count, at: offset, into: &block)
            return block
        }
        try Task.checkCancellation()
        return block
    }

    /// Runs one step of a search through the file on a thread of the pool.
    ///
    /// Throws `CancellationError` when the task is cancelled, and what the step throws.
    func search<Value: Sendable>(
        _ step: @escaping @Sendable (OpenFile) throws(DatasetError) -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let file = self.file
        let value = try await threadPool.runBlocking { () throws(DatasetError) -> Value in try step(file) }
        try Task.checkCancellation()
        return value
    }
}
