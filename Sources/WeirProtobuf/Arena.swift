// SPDX-License-Identifier: Apache-2.0

/// Memory for one encoding or decoding: handed out in order, given back all at once, capped.
///
/// The first kilobyte lies on the caller's stack, so that a small message costs no heap allocation.
@usableFromInline
@safe
struct Arena {
    /// The size of the block on the stack, in bytes: the most that `withUnsafeTemporaryAllocation` keeps there.
    @inlinable static var stackBytes: Int { 1024 }

    /// What every address handed out is aligned to; no field of a message block needs more.
    @inlinable static var alignment: Int { 8 }

    // Invariant: `cursor ..< cursor + remaining` is memory this arena may hand out: the rest of the stack block, valid
    // for the closure in which the arena was made, or the rest of the newest chunk, valid until `releaseChunks`.
    @usableFromInline var cursor: UnsafeMutableRawPointer
    @usableFromInline var remaining: Int
    // Invariant: a list of heap blocks; the first word of each is the address of the next.
    @usableFromInline var chunks: UnsafeMutableRawPointer?
    @usableFromInline var nextChunkBytes: Int
    /// What may still be handed out, in bytes.
    @usableFromInline var allowance: Int
    /// Whether a request was refused because of the limit.
    @usableFromInline var isExhausted: Bool

    @inlinable
    init(stack: UnsafeMutableRawBufferPointer, limit: Int) {
        if let base = stack.baseAddress {
            unsafe cursor = base
            remaining = stack.count
        } else {
            // Never read: no byte remains.
            unsafe cursor = UnsafeMutableRawPointer(bitPattern: Arena.alignment).unsafelyUnwrapped
            remaining = 0
        }
        unsafe chunks = nil
        allowance = limit
        nextChunkBytes = 4096
        isExhausted = false
    }

    /// Returns `byteCount` uninitialised bytes, or nil beyond the limit.
    @inlinable
    mutating func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        let (padded, overflow) = byteCount.addingReportingOverflow(Arena.alignment - 1)
        guard !overflow, byteCount >= 0 else {
            isExhausted = true
            return nil
        }
        let rounded = padded & ~(Arena.alignment - 1)
        guard rounded <= allowance else {
            isExhausted = true
            return nil
        }
        allowance -= rounded
        if rounded > remaining { addChunk(atLeast: rounded) }
        let address = unsafe cursor
        unsafe cursor += rounded
        remaining -= rounded
        return unsafe address
    }

    @usableFromInline
    mutating func addChunk(atLeast byteCount: Int) {
        let header = Arena.alignment
        let size = max(nextChunkBytes, byteCount)
        nextChunkBytes = min(nextChunkBytes * 2, 1 << 20)
        let chunk = UnsafeMutableRawPointer.allocate(byteCount: size + header, alignment: Arena.alignment)
        unsafe chunk.storeBytes(of: chunks, as: UnsafeMutableRawPointer?.self)
        unsafe chunks = chunk
        unsafe cursor = chunk + header
        remaining = size
    }

    /// Gives the heap blocks back; nothing that was allocated here may be used afterwards.
    @inlinable
    mutating func releaseChunks() {
        if unsafe chunks != nil { freeChunks() }
    }

    @usableFromInline
    mutating func freeChunks() {
        while let chunk = unsafe chunks {
            unsafe chunks = chunk.load(as: UnsafeMutableRawPointer?.self)
            unsafe chunk.deallocate()
        }
        remaining = 0
    }
}
