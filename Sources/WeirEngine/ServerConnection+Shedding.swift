// SPDX-License-Identifier: Apache-2.0

package import WeirHTTP2
internal import WeirRPC

/// Something that could be ended to free memory.
package struct ShedCandidate {
    /// Bytes held times nanoseconds without progress: the worst has the most.
    package let score: Double
    /// Bytes that ending it frees.
    package let heldBytes: Int
    /// The stream to end; nil: the whole connection, whose socket takes nothing.
    let stream: HTTP2Stream?
}

/// How memory is freed when a send budget stays used up: slowest first, and only what makes no progress at all.
extension ServerConnection {
    /// How often a budget that stays used up is looked at.
    package static let pressureInterval = Duration.milliseconds(100)
    /// Most candidates one connection names at a time.
    private static let maximumCandidates = 64

    /// When the connection's own budget has been used up for long enough.
    var pressureInstant: MonotonicInstant? {
        guard let since = session.flow.budget.pressureSince else { return nil }
        return max(since + configuration.pressureBeforeShedding, pressureCheckAt ?? since)
    }

    /// Ends the worst streams while the connection's own budget stays used up.
    func relieveOwnBudget() {
        guard let due = pressureInstant, due <= now else { return }
        pressureCheckAt = now + Self.pressureInterval
        var excess = session.flow.budget.heldBytes - session.flow.budget.reliefBytes
        for candidate in streamCandidates().sorted(by: { $0.score > $1.score }) {
            guard excess >= 0, session.flow.budget.pressureSince != nil else { return }
            excess -= candidate.heldBytes
            shed(candidate)
        }
    }

    /// What could be ended to free memory for others: streams, or the whole connection when its socket takes nothing.
    package func shedCandidates(at now: MonotonicInstant) -> [ShedCandidate] {
        self.now = now
        guard !isClosed else { return [] }
        let held = session.flow.budget.heldBytes
        if !session.flow.socketIsWritable, let since = socketBlockedSince, held > 0 {
            // Trailers could not leave either, and output that the kernel has not taken is freed by closing only.
            guard since + configuration.pressureBeforeShedding <= now else { return [] }
            return [
                ShedCandidate(
                    score: Double(held) * Double(now.nanoseconds(since: since)), heldBytes: held, stream: nil)
            ]
        }
        return streamCandidates()
    }

    private func streamCandidates() -> [ShedCandidate] {
        var candidates: [ShedCandidate] = []
        for stream in session.orderedStreams() {
            let held = stream.queue.byteCount
            guard held > 0, stream.stall.cause != .budget,
                let since = stream.stall.stallInstant(
                    deadline: .zero, connectionProgress: session.flow.lastProgress),
                since + configuration.pressureBeforeShedding <= now
            else { continue }
            candidates.append(
                ShedCandidate(
                    score: Double(held) * Double(now.nanoseconds(since: since)), heldBytes: held, stream: stream))
        }
        guard candidates.count > Self.maximumCandidates else { return candidates }
        candidates.sort { $0.score > $1.score }
        return Array(candidates.prefix(Self.maximumCandidates))
    }

    /// Ends these to free memory.
    package func shed(_ candidates: [ShedCandidate], at now: MonotonicInstant) {
        self.now = now
        guard !isClosed else { return }
        for candidate in candidates { shed(candidate) }
        settle()
        outputIsWanted()
    }

    private func shed(_ candidate: ShedCandidate) {
        if let stream = candidate.stream {
            guard session.streams[stream.id.rawValue] === stream else { return }
            end(stream, stream.owner as? ServerCall, for: .shed)
            return
        }
        let seconds = Double(now.nanoseconds(since: socketBlockedSince ?? now)) / 1e9
        act(
            .report(
                .connectionShed(seconds: seconds, streams: session.streams.count, heldBytes: candidate.heldBytes)))
        connectionLost("the connection was closed to free memory: its socket took no bytes", at: now)
        act(.abort)
    }
}
