// SPDX-License-Identifier: Apache-2.0

/// Where a stream is in its data set, and how many chunks it may still send.
///
/// Both numbers come from the peer, so every step is checked: a sequence number behind `UInt64.max` is past the end.
struct ChunkCursor: Hashable, Sendable {
    /// The sequence number of the next chunk; nil once the stream has sent all it may.
    private(set) var sequence: UInt64?

    /// The chunks still to send; no limit is written as `UInt64.max`, which nobody lives to count down.
    private(set) var remaining: UInt64

    /// Starts at a request's first chunk.
    init(_ request: DatasetRequest) {
        self.sequence = request.startSequence
        self.remaining = request.maxChunks == 0 ? .max : request.maxChunks
    }

    /// Steps behind the chunk that was just sent.
    mutating func advance() {
        remaining = remaining > 0 ? remaining - 1 : 0
        guard let current = sequence, remaining > 0 else {
            sequence = nil
            return
        }
        skip(1, from: current)
    }

    /// Steps over chunks that are not sent and so do not count against the limit.
    mutating func skip(_ count: UInt64) {
        guard let current = sequence else { return }
        skip(count, from: current)
    }

    private mutating func skip(_ count: UInt64, from current: UInt64) {
        let (next, overflow) = current.addingReportingOverflow(count)
        sequence = overflow ? nil : next
    }
}
