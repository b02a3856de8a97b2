// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A hard cap on the bytes that a whole process holds for its peers, shared by all connections of all loops.
///
/// Connections take room in blocks, so that the counter that all cores share is touched once per block and not once per
/// message.
package final class ProcessSendBudget: Sendable {
    /// The cap, in bytes.
    package let limitBytes: Int
    /// Bytes that connections have taken.
    private let taken = Atomic<Int>(0)

    /// Makes a budget of this many bytes.
    package init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Bytes that connections hold at the moment, counted in whole blocks.
    package var takenBytes: Int { taken.load(ordering: .relaxed) }

    /// Takes room for `count` bytes; false, and nothing taken, when they do not fit.
    package func take(_ count: Int) -> Bool {
        let now = taken.wrappingAdd(count, ordering: .relaxed).newValue
        if now <= limitBytes { return true }
        taken.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    /// Gives room back.
    package func give(_ count: Int) {
        taken.wrappingSubtract(count, ordering: .relaxed)
    }
}

/// One connection's part of the send budget: every byte queued on it, and every byte of output the kernel has not taken.
package struct ConnectionSendBudget: ~Copyable {
    private let process: ProcessSendBudget
    /// The connection's own cap, in bytes.
    package let limitBytes: Int
    /// Bytes held now.
    package private(set) var heldBytes = 0
    /// Bytes taken from the process, a multiple of the block.
    private var reservedBytes = 0

    /// Bytes taken from the process at a time.
    static let blockBytes = 64 * 1024

    /// Makes a connection's budget inside the process's.
    package init(limitBytes: Int, process: ProcessSendBudget) {
        self.limitBytes = limitBytes
        self.process = process
    }

    /// Whether a message of this size could ever be held.
    package func couldHold(_ count: Int) -> Bool {
        count <= limitBytes && count <= process.limitBytes
    }

    /// Counts `count` bytes in; false, and nothing counted, when a cap would be passed.
    package mutating func hold(_ count: Int) -> Bool {
        let wanted = heldBytes + count
        guard wanted <= limitBytes else { return false }
        if wanted > reservedBytes {
            let missing = wanted - reservedBytes
            let block = (missing + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
            if process.take(block) {
                reservedBytes += block
            } else if process.take(missing) {
                reservedBytes += missing
            } else {
                return false
            }
        }
        heldBytes = wanted
        return true
    }

    /// Counts `count` bytes out; keeps at most one spare block.
    package mutating func release(_ count: Int) {
        heldBytes -= count
        let keep = (heldBytes + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
        if heldBytes == 0 {
            process.give(reservedBytes)
            reservedBytes = 0
        } else if reservedBytes > keep + Self.blockBytes {
            process.give(reservedBytes - keep)
            reservedBytes = keep
        }
    }

    deinit {
        process.give(reservedBytes)
    }
}
