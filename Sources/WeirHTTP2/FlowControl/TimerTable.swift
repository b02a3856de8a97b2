// SPDX-License-Identifier: Apache-2.0

/// What a ``TimerTable`` orders: something with one deadline and a place to remember where it stands.
package protocol TimerTableEntry: AnyObject {
    /// When this entry is due; ``MonotonicInstant/distantFuture`` when it is in no table.
    var timerDeadline: MonotonicInstant { get set }
    /// Where the table keeps this entry; -1 when it is in none. Only the table writes it.
    var timerIndex: Int { get set }
}

/// All deadlines of one connection, earliest first, with one entry a stream.
///
/// A binary heap whose entries know their place, so that a stream which ends takes its deadline with it at once: the table
/// never holds more entries than there are streams.
package struct TimerTable<Entry: TimerTableEntry> {
    /// An entry with its deadline, so that comparing does not go through the entry.
    private struct Slot {
        var deadline: MonotonicInstant
        var entry: Entry
    }

    private var heap: [Slot] = []

    /// Makes an empty table.
    package init() {}

    /// How many deadlines there are.
    package var count: Int { heap.count }

    /// The earliest deadline.
    package var earliest: MonotonicInstant? { heap.first?.deadline }

    /// Sets, moves or (with nil) removes the entry's deadline.
    package mutating func set(_ entry: Entry, to deadline: MonotonicInstant?) {
        guard let deadline, deadline != .distantFuture else {
            remove(entry)
            return
        }
        let slot = Slot(deadline: deadline, entry: entry)
        let index = entry.timerIndex
        if index < 0 {
            entry.timerDeadline = deadline
            heap.append(slot)
            rise(slot, from: heap.count - 1)
        } else if deadline != entry.timerDeadline {
            let isEarlier = deadline < entry.timerDeadline
            entry.timerDeadline = deadline
            if isEarlier { rise(slot, from: index) } else { sink(slot, from: index) }
        }
    }

    /// Takes out the earliest entry that is due at `now`.
    package mutating func popDue(at now: MonotonicInstant) -> Entry? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        remove(first.entry)
        return first.entry
    }

    private mutating func remove(_ entry: Entry) {
        let index = entry.timerIndex
        guard index >= 0 else { return }
        entry.timerIndex = -1
        entry.timerDeadline = .distantFuture
        let last = heap.removeLast()
        guard last.entry !== entry else { return }
        if index > 0, last.deadline < heap[(index - 1) / 2].deadline {
            rise(last, from: index)
        } else {
            sink(last, from: index)
        }
    }

    /// Puts a slot where it belongs, at `start` or above; those in between come down one level.
    private mutating func rise(_ slot: Slot, from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard slot.deadline < heap[parent].deadline else { break }
            place(heap[parent], at: index)
            index = parent
        }
        place(slot, at: index)
    }

    /// Puts a slot where it belongs, at `start` or below; those in between go up one level.
    private mutating func sink(_ slot: Slot, from start: Int) {
        var index = start
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
            guard heap[child].deadline < slot.deadline else { break }
            place(heap[child], at: index)
            index = child
        }
        place(slot, at: index)
    }

    private mutating func place(_ slot: Slot, at index: Int) {
        heap[index] = slot
        slot.entry.timerIndex = index
    }
}
