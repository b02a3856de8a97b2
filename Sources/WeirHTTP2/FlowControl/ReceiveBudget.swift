// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A hard cap on what a whole process may have to hold of its peers' bytes, shared by all connections of all loops.
///
/// Counted are bytes received and not yet taken by the application, and the connection credit that peers may still use.
/// Three uses share the cap, each of which leaves room for the next: windows that grow take at most half of it, received
/// bytes whose connection credit goes back at once take it up to three quarters, and the first window of a new connection
/// may take the last byte. So neither wide windows nor readers that stopped keep a newcomer out.
package final class ProcessReceiveBudget: Sendable {
    /// What room is wanted for; see the type's comment for how far each may go.
    package enum Use: Sendable {
        /// A window wider than a connection's first.
        case growth
        /// Bytes that were received, so that their connection credit can be returned.
        case held
        /// A new connection's first window.
        case firstWindow
    }

    /// The cap, in bytes.
    package let limitBytes: Int
    /// Bytes that connections have taken.
    private let taken = Atomic<Int>(0)

    /// Makes a budget of this many bytes.
    package init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Bytes that connections have taken at the moment, counted in whole blocks.
    package var takenBytes: Int { taken.load(ordering: .relaxed) }

    /// Up to how many bytes in all this use may take.
    package func limitBytes(for use: Use) -> Int {
        switch use {
        case .growth: limitBytes / 2
        case .held: limitBytes - limitBytes / 4
        case .firstWindow: limitBytes
        }
    }

    /// Takes room for `count` bytes; false, and nothing taken, when they do not fit.
    func take(_ count: Int, for use: Use) -> Bool {
        takePart(of: count, unit: count, for: use) == count
    }

    /// Takes room for `count` bytes, or for the most whole units below that there is room for; returns how many.
    func takePart(of count: Int, unit: Int, for use: Use) -> Int {
        guard count > 0 else { return 0 }
        let limit = limitBytes(for: use)
        var seen = taken.load(ordering: .relaxed)
        while true {
            let free = limit - seen
            let part = free >= count ? count : max(0, free) / unit * unit
            guard part > 0 else { return 0 }
            // Never above the limit, not even for the moment that adding first and looking later would take.
            let (exchanged, original) = taken.compareExchange(
                expected: seen, desired: seen + part, ordering: .relaxed)
            if exchanged { return part }
            seen = original
        }
    }

    /// Gives room back.
    func give(_ count: Int) {
        taken.wrappingSubtract(count, ordering: .relaxed)
    }
}

/// One connection's part of the receive budget: its window, and the bytes held beyond the window.
package struct ConnectionReceiveBudget: ~Copyable {
    /// The process's budget.
    package let process: ProcessReceiveBudget
    /// The connection's own cap on held bytes whose credit was returned, in bytes.
    package let heldLimitBytes: Int
    /// Bytes of window this connection has advertised in all, used or not.
    package private(set) var windowBytes = 0
    /// Bytes held whose connection credit was returned all the same.
    package private(set) var creditedBytes = 0
    /// Bytes taken from the process: at least window and credited bytes.
    private var reservedBytes = 0

    /// Bytes taken from the process at a time.
    static let blockBytes = 64 * 1024

    /// Makes the part of a connection that has taken nothing.
    package init(heldLimitBytes: Int, process: ProcessReceiveBudget) {
        self.heldLimitBytes = heldLimitBytes
        self.process = process
    }

    /// Takes a new connection's first window; false when the process has no room for it.
    mutating func open(windowBytes count: Int) -> Bool {
        guard process.take(count, for: .firstWindow) else { return false }
        reservedBytes += count
        windowBytes += count
        return true
    }

    /// Widens the window by `count` bytes, or by as many whole blocks as there is room for; returns by how many.
    mutating func grow(by count: Int) -> Int {
        let part = process.takePart(of: count, unit: Self.blockBytes, for: .growth)
        reservedBytes += part
        windowBytes += part
        return part
    }

    /// Counts up to `count` held bytes in, so that their connection credit may go back; returns how many.
    mutating func credit(_ count: Int) -> Int {
        let allowed = min(count, heldLimitBytes - creditedBytes)
        guard allowed > 0 else { return 0 }
        let missing = windowBytes + creditedBytes + allowed - reservedBytes
        var short = 0
        if missing > 0 {
            let blocks = (missing + Self.blockBytes - 1) / Self.blockBytes * Self.blockBytes
            if process.take(blocks, for: .held) {
                reservedBytes += blocks
            } else {
                let part = process.takePart(of: missing, unit: 1, for: .held)
                reservedBytes += part
                short = missing - part
            }
        }
        creditedBytes += allowed - short
        return allowed - short
    }

    /// Counts `count` credited bytes out: they are held no more.
    ///
    /// Keeps at most two spare blocks, and none when nothing is held beyond the window.
    mutating func release(_ count: Int) {
        creditedBytes -= count
        let spare = reservedBytes - windowBytes - creditedBytes
        let kept = creditedBytes == 0 ? 0 : spare > 2 * Self.blockBytes ? Self.blockBytes : spare
        process.give(spare - kept)
        reservedBytes -= spare - kept
    }

    /// Gives everything back: the connection is gone.
    mutating func close() {
        process.give(reservedBytes)
        reservedBytes = 0
        windowBytes = 0
        creditedBytes = 0
    }

    deinit {
        process.give(reservedBytes)
    }
}
