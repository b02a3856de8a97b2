// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Where the messages in a ``SendQueue`` end, as runs of messages of equal size.
///
/// Streams mostly send messages of one size, so a full queue of small messages is one run, which costs no memory of its own,
/// and counting one costs a comparison. Never more runs than messages are queued.
struct MessageRuns {
    private struct Run {
        var messageBytes = 0
        var count = 0

        /// Counts out the messages that `bytes` finish; true when all of them are.
        mutating func take(_ bytes: inout Int) -> Bool {
            let whole = min(bytes / max(1, messageBytes), count)
            bytes -= whole * messageBytes
            count -= whole
            return count == 0
        }
    }

    /// Runs in front of the last one.
    private var earlier: Deque<Run> = []
    /// The run that a message of the same size joins.
    private var last = Run()
    /// Bytes of the first message that were taken already.
    private var takenOfFirst = 0
    /// Messages of which at least one byte waits.
    private(set) var count = 0

    /// A message of this many bytes was queued.
    @inline(__always)
    mutating func append(_ messageBytes: Int) {
        count += 1
        if last.messageBytes != messageBytes { begin(messageBytes) }
        last.count += 1
    }

    private mutating func begin(_ messageBytes: Int) {
        if last.count > 0 { earlier.append(last) }
        last = Run(messageBytes: messageBytes)
    }

    /// Bytes left the front of the queue.
    mutating func taken(_ byteCount: Int) {
        var rest = byteCount + takenOfFirst
        while !earlier.isEmpty {
            let before = earlier[0].count
            let isOver = earlier[0].take(&rest)
            count -= before - earlier[0].count
            guard isOver else {
                takenOfFirst = rest
                return
            }
            earlier.removeFirst()
        }
        let before = last.count
        takenOfFirst = last.take(&rest) ? 0 : rest
        count -= before - last.count
    }

    /// Everything was dropped.
    mutating func removeAll() {
        earlier.removeAll(keepingCapacity: false)
        last = Run()
        takenOfFirst = 0
        count = 0
    }
}
