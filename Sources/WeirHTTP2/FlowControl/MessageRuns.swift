// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// Where the messages in a ``SendQueue`` end, as runs of messages of equal size.
///
/// Streams mostly send messages of one size, so a full queue of small messages is one run, and counting one costs a
/// comparison. Never more runs than messages are queued.
struct MessageRuns {
    private struct Run {
        var messageBytes: Int
        var count: Int
    }

    private var runs: Deque<Run> = []
    /// Bytes of the first message that were taken already.
    private var takenOfFirst = 0
    /// Messages of which at least one byte waits.
    private(set) var count = 0

    /// A message of this many bytes was queued.
    @inline(__always)
    mutating func append(_ messageBytes: Int) {
        count += 1
        if let last = runs.indices.last, runs[last].messageBytes == messageBytes {
            runs[last].count += 1
        } else {
            runs.append(Run(messageBytes: messageBytes, count: 1))
        }
    }

    /// Bytes left the front of the queue.
    mutating func taken(_ byteCount: Int) {
        var rest = byteCount + takenOfFirst
        while let run = runs.first {
            let whole = min(rest / max(1, run.messageBytes), run.count)
            rest -= whole * run.messageBytes
            count -= whole
            guard whole == run.count else {
                runs[runs.startIndex].count -= whole
                takenOfFirst = rest
                return
            }
            runs.removeFirst()
        }
        takenOfFirst = 0
    }

    /// Everything was dropped.
    mutating func removeAll() {
        runs.removeAll(keepingCapacity: false)
        takenOfFirst = 0
        count = 0
    }
}
