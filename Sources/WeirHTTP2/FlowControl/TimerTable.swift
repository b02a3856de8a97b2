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
    private var heap: [Entry] = []

    /// Makes an empty table.
    package init() {}

    /// How many deadlines there are.
    package var count: Int { heap.count }

    /// The earliest deadline.
    package var earliest: MonotonicInstant? { heap.first?.timerDeadline }

    /// Sets, moves or (with nil) removes the entry's deadline.
    package mutating func set(_ entry: Entry, to deadline: MonotonicInstant?) {
        guard let deadline, deadline != .distantFuture else {
            remove(entry)
            return
        }
        if entry.timerIndex < 0 {
            entry.timerDeadline = deadline
            entry.timerIndex = heap.count
            heap.append(entry)
            siftUp(entry.timerIndex)
        } else if deadline != entry.timerDeadline {
            let isEarlier = deadline < entry.timerDeadline
            entry.timerDeadline = deadline
            if isEarlier { siftUp(entry.timerIndex) } else { siftDown(entry.timerIndex) }
        }
    }

    /// Takes out the earliest entry that is due at `now`.
    package mutating func popDue(at now: MonotonicInstant) -> Entry? {
        guard let first = heap.first, first.timerDeadline <= now else { return nil }
        remove(first)
        return first
    }

    private mutating func remove(_ entry: Entry) {
        let index = entry.timerIndex
        guard index >= 0 else { return }
        entry.timerIndex = -1
        entry.timerDeadline = .distantFuture
        let last = heap.removeLast()
        guard last !== entry else { return }
        heap[index] = last
        last.timerIndex = index
        siftUp(index)
        siftDown(last.timerIndex)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].timerDeadline < heap[parent].timerDeadline else { return }
            swap(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].timerDeadline < heap[smallest].timerDeadline {
                smallest = child
            }
            guard smallest != index else { return }
            swap(index, smallest)
            index = smallest
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        heap[left].timerIndex = left
        heap[right].timerIndex = right
    }
}
