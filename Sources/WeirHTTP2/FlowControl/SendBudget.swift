// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A hard cap on the bytes that a whole process holds for its peers, shared by all connections of all loops.
///
/// Connections take room in blocks, so that the counter that all cores share is touched once per block and not once per
/// message.
package final class ProcessSendBudget: Sendable {
    /// The cap, in bytes.
    package let limitBytes: Int
    /// Below this many bytes pressure is over: an eighth under the cap, so that it does not come back at once.
    package var reliefBytes: Int { limitBytes - limitBytes / 8 }
    /// Bytes that connections have taken.
    private let taken = Atomic<Int>(0)
    /// When the cap first refused somebody, in nanoseconds; `.max` while there is no pressure.
    private let refusedSince = Atomic<Int64>(.max)
    private let listener = Mutex<(@Sendable () -> Void)?>(nil)

    /// Makes a budget of this many bytes.
    package init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Bytes that connections hold at the moment, counted in whole blocks.
    package var takenBytes: Int { taken.load(ordering: .relaxed) }

    /// Since when the cap has refused messages without falling below ``reliefBytes``; nil while there is no pressure.
    package var pressureSince: MonotonicInstant? {
        let since = refusedSince.load(ordering: .relaxed)
        return since == .max ? nil : MonotonicInstant(nanoseconds: since)
    }

    /// Calls `body` each time pressure begins, from whatever thread that happens on.
    package func onPressure(_ body: @escaping @Sendable () -> Void) {
        listener.withLock { $0 = body }
    }

    /// The cap kept a message out.
    func refused(at now: MonotonicInstant) {
        guard refusedSince.load(ordering: .relaxed) == .max else { return }
        let isFirst = refusedSince.compareExchange(expected: .max, desired: now.nanoseconds, ordering: .relaxed)
            .exchanged
        if isFirst { listener.withLock { $0 }?() }
    }

    /// Takes room for `count` bytes; false, and nothing taken, when they do not fit.
    package func take(_ count: Int) -> Bool {
        let now = taken.wrappingAdd(count, ordering: .relaxed).newValue
        if now <= limitBytes { return true }
        taken.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    /// Gives room back.
    package func give(_ count: Int) {
        let now = taken.wrappingSubtract(count, ordering: .relaxed).newValue
        if now < reliefBytes, refusedSince.load(ordering: .relaxed) != .max {
            refusedSince.store(.max, ordering: .relaxed)
        }
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

    /// Since when the connection's own cap has refused messages without falling an eighth below; nil: no pressure.
    package private(set) var pressureSince: MonotonicInstant?
    /// Below this many bytes the connection's pressure is over.
    package var reliefBytes: Int { limitBytes - limitBytes / 8 }

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

    /// Whether ``hold(_:)`` would count `count` bytes in now; changes nothing.
    package mutating func hasRoom(_ count: Int) -> Bool {
        guard hold(count) else { return false }
        release(count)
        return true
    }

    /// A message of `count` bytes was kept out.
    package mutating func refused(_ count: Int, at now: MonotonicInstant) {
        if heldBytes + count > limitBytes {
            if pressureSince == nil { pressureSince = now }
        } else {
            process.refused(at: now)
        }
    }

    /// Counts `count` bytes out; keeps at most one spare block.
    package mutating func release(_ count: Int) {
        heldBytes -= count
        if pressureSince != nil, heldBytes < reliefBytes { pressureSince = nil }
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
