// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The memory that all readers of files together may use to read more at once than they need.
///
/// Reading ahead makes a stream fast, but a reader whose client stands still keeps its block. Without a common bound,
/// ten thousand of them would hold gigabytes. Each request gets at most an eighth of what is free: blocks shrink
/// smoothly as readers get more, and the first ones cannot take everything.
final class ReadAheadBudget: Sendable {
    /// The bytes that may be reserved in all.
    let totalBytes: Int

    private let reserved = Atomic<Int>(0)

    /// Makes a budget; a negative total is none.
    init(totalBytes: Int) {
        self.totalBytes = max(0, totalBytes)
    }

    /// The bytes that are reserved now.
    var reservedBytes: Int { reserved.load(ordering: .relaxed) }

    /// Reserves what can be given of the wanted bytes, which may be nothing.
    func reserve(atMost wantedBytes: Int) -> Reservation {
        var current = reserved.load(ordering: .relaxed)
        while true {
            let granted = max(0, min(wantedBytes, (totalBytes - current) / 8))
            let (exchanged, original) = reserved.compareExchange(
                expected: current, desired: current + granted, ordering: .relaxed)
            if exchanged { return Reservation(bytes: granted, budget: self) }
            current = original
        }
    }

    /// Bytes of the budget, which go back to it when the owner lets go of them.
    struct Reservation: ~Copyable, Sendable {
        /// The reserved bytes.
        let bytes: Int

        private let budget: ReadAheadBudget

        fileprivate init(bytes: Int, budget: ReadAheadBudget) {
            self.bytes = bytes
            self.budget = budget
        }

        deinit {
            budget.reserved.subtract(bytes, ordering: .relaxed)
        }
    }
}
