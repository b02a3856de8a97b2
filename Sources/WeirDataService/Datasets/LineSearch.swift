// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

/// Finds the ends of lines.
enum LineSearch {
    /// How far a search came.
    struct Step: Hashable, Sendable {
        /// The lines that were passed, no more than were asked for.
        var lines: UInt64
        /// The offset in the file from which to go on: behind the last of these lines if all were found.
        var end: UInt64
    }

    private static let newline = UInt8(ascii: "\n")
    private static let stepBytes: UInt64 = 1_048_576
    private static let blockBytes: UInt64 = 65_536

    /// The index behind the first newline at or behind an index, or nil if there is none.
    static func behindNewline(in bytes: UnsafeRawBufferPointer, from index: Int) -> Int? {
        guard let base = bytes.baseAddress, index < bytes.count else { return nil }
        // memchr looks at the bytes from `index` to the end of the buffer and returns a pointer to one of them, or none.
        guard let found = unsafe memchr(base + index, Int32(newline), bytes.count - index) else { return nil }
        return unsafe UnsafeRawPointer(found) - base + 1
    }

    /// Passes over lines from an offset on; blocks the thread.
    ///
    /// Looks at 1 MiB at most, in small blocks, so that a long search shares its thread and can be cancelled between
    /// two steps. Throws what ``OpenFile/read(_:at:into:)`` throws.
    static func skip(_ lines: UInt64, from offset: UInt64, in file: OpenFile) throws(DatasetError) -> Step {
        var step = Step(lines: 0, end: offset)
        let stop = offset + min(stepBytes, file.sizeBytes - offset)
        var block = ByteBufferAllocator().buffer(capacity: Int(blockBytes))
        while step.lines < lines, step.end < stop {
            let count = Int(min(blockBytes, stop - step.end))
            block.clear()
            try file.read(count, at: step.end, into: &block)
            step = unsafe block.withUnsafeReadableBytes { unsafe advance(step, to: lines, in: $0) }
        }
        return step
    }

    private static func advance(_ step: Step, to lines: UInt64, in bytes: UnsafeRawBufferPointer) -> Step {
        var lines = lines - step.lines
        var passed = step
        var index = 0
        while lines > 0 {
            guard let next = unsafe behindNewline(in: bytes, from: index) else {
                index = bytes.count
                break
            }
            index = next
            lines -= 1
            passed.lines += 1
        }
        passed.end += UInt64(index)
        return passed
    }
}
