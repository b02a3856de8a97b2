// SPDX-License-Identifier: Apache-2.0

/// Decides when a connection's receive credit goes back to the peer, and how wide its window may be.
///
///     received ──► owed ──budget gives room──► credited ──taken or dropped──► gone
///                    └──────────────taken or dropped──────────────────────────►┘
///
/// What arrives is *owed* at first: held, and its credit not returned. Credit goes back as soon as the budget has room for
/// the bytes, so that one reader that stops does not stop the others; otherwise when the application takes them. The
/// window and the credited bytes are what the budget counts, and held + advertised never exceeds that.
package struct ReceiveFlowController: ~Copyable {
    /// The connection's part of the receive budget.
    package private(set) var budget: ConnectionReceiveBudget
    /// Bytes received on all streams that the application has not taken.
    package private(set) var heldBytes = 0
    /// The part of ``heldBytes`` whose connection credit has not been returned.
    package private(set) var owedBytes = 0
    /// How wide the window should be; it gets there as far as the budget has room.
    package private(set) var targetWindowBytes: Int
    /// Whether the process's budget, and not the connection's own cap, had no room when last asked.
    package private(set) var awaitsProcess = false
    /// Bytes received since the window last grew: a window grows for peers that send.
    private var receivedSinceGrowth = 0

    /// Window of every new connection (RFC 9113 §6.9.2), in bytes.
    package static let firstWindowBytes = 65_535

    /// Makes the controller of a connection that has no window yet.
    package init(targetWindowBytes: Int, budget: consuming ConnectionReceiveBudget) {
        self.budget = budget
        self.targetWindowBytes = max(Self.firstWindowBytes, targetWindowBytes)
    }

    /// Bytes of window advertised in all, used or not.
    package var windowBytes: Int { budget.windowBytes }

    /// Takes the first window; false when the process has no room, so that the connection must be refused.
    mutating func open() -> Bool { budget.open(windowBytes: Self.firstWindowBytes) }

    /// DATA arrived; it is counted inside the window that it used.
    mutating func received(_ count: Int) {
        heldBytes += count
        owedBytes += count
        receivedSinceGrowth = min(receivedSinceGrowth + count, Int(Int32.max))
    }

    /// Bytes left the connection's hands: the application took them, or they were dropped.
    mutating func released(_ count: Int) {
        heldBytes -= count
        let paid = min(count, owedBytes)
        owedBytes -= paid
        if count > paid { budget.release(count - paid) }
        if owedBytes == 0 { awaitsProcess = false }
    }

    /// Makes room in the budget for owed bytes, as far as there is any: their credit may go back.
    mutating func creditOwed() {
        guard owedBytes > 0 else { return }
        owedBytes -= budget.credit(owedBytes)
        awaitsProcess = owedBytes > 0 && budget.creditedBytes < budget.heldLimitBytes
    }

    /// Widens the window towards its target as far as the budget has room; returns whether it did.
    ///
    /// Only after a quarter of it was used: a peer that sends nothing keeps its first window.
    mutating func grow() -> Bool {
        guard windowBytes < targetWindowBytes, receivedSinceGrowth >= windowBytes / 4 else { return false }
        let grown = budget.grow(by: targetWindowBytes - windowBytes)
        if grown > 0 { receivedSinceGrowth = 0 }
        return grown > 0
    }

    /// The window should be this wide; never less than before.
    mutating func raiseTarget(to bytes: Int) {
        targetWindowBytes = max(targetWindowBytes, bytes)
    }

    /// How much credit goes back now, of `unreturnedBytes` received ones whose credit has not gone back.
    ///
    /// Owed bytes stay out. The rest goes back when it is half of the window that is in use, so that a large window takes
    /// few updates and a window that is nearly used up by owed bytes still opens.
    func creditDue(of unreturnedBytes: Int) -> Int {
        let due = unreturnedBytes - owedBytes
        return due > 0 && due >= (windowBytes - owedBytes) / 2 ? due : 0
    }

    /// Whether so many bytes of one message could ever be held, however empty the budget.
    package func couldHold(_ count: Int) -> Bool {
        let beyondWindow = min(budget.heldLimitBytes, budget.process.limitBytes(for: .held) - windowBytes)
        return count <= windowBytes + max(0, beyondWindow)
    }

    /// The connection is gone: nothing is held, and no window is open.
    mutating func close() {
        heldBytes = 0
        owedBytes = 0
        awaitsProcess = false
        budget.close()
    }
}
