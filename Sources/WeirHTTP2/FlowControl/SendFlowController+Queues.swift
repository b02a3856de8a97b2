// SPDX-License-Identifier: Apache-2.0

extension SendFlowController {
    /// What became possible for a stream.
    package enum Opening {
        /// The waiting sender may write its message.
        case granted(HTTP2Stream)
        /// Queued DATA may go on.
        case resumeData(HTTP2Stream)
    }

    /// Looks at one stream whose queue, window or sender changed: grants the waiting message, or queues the stream for what
    /// it waits for.
    package mutating func reconsider(_ stream: HTTP2Stream, at now: MonotonicInstant, _ openings: inout [Opening]) {
        guard stream.waitingBytes > 0, !stream.isGranted else { return }
        if grant(stream, atHeadOfQueue: false) {
            openings.append(.granted(stream))
            return
        }
        switch verdict(stream.waitingBytes, on: stream) {
        case .queueIsFull:
            return
        case .whole, .inParts:
            // Room is there: it is others' turn for connection credit, or a budget is used up.
            if creditQueue.isEmpty { awaitBudget(stream) } else { awaitConnectionCredit(stream) }
        case .blocked:
            if waitsForConnectionOnly(stream.waitingBytes, on: stream) {
                awaitConnectionCredit(stream)
            }
            armHoldBack(stream, at: now)
        }
    }

    /// Puts a stream whose DATA or message waits for connection credit at the end of the queue for it.
    mutating func awaitConnectionCredit(_ stream: HTTP2Stream) {
        guard !stream.awaitsConnectionCredit else { return }
        stream.awaitsConnectionCredit = true
        creditQueue.append(stream)
    }

    private mutating func awaitBudget(_ stream: HTTP2Stream) {
        guard !stream.awaitsBudget else { return }
        stream.awaitsBudget = true
        budgetQueue.append(stream)
    }

    /// A peer that was not seen to refill early may be waiting for the window to be used up: after a while, use it.
    private func armHoldBack(_ stream: HTTP2Stream, at now: MonotonicInstant) {
        guard stream.holdBackUntil == nil, !stream.holdBackIsOver else { return }
        guard stream.queue.isEmpty, stream.window.bytes > 0, freeConnectionBytes > 0 else { return }
        let limiting = waitsForConnectionOnly(stream.waitingBytes, on: stream) ? window : stream.window
        if !limiting.refillsEarly { stream.holdBackUntil = now + min(limits.holdBack, stream.holdBack ?? limits.holdBack) }
    }

    /// Serves the streams that wait for connection credit, first come first served.
    ///
    /// The first one saves credit up, so large messages are not starved by small ones; when the window cannot become large
    /// enough for it, its hold-back ends and it goes out in parts.
    package mutating func serveQueues(_ openings: inout [Opening]) {
        while let stream = creditQueue.first {
            if stream.isDeferred, !stream.queue.isEmpty, stream.window.bytes > 0 {
                guard freeConnectionBytes > 0 else { return }
                openings.append(.resumeData(stream))
            } else if stream.waitingBytes > 0, !stream.isGranted {
                if grant(stream, atHeadOfQueue: true) {
                    openings.append(.granted(stream))
                } else if waitsForConnectionOnly(stream.waitingBytes, on: stream), freeConnectionBytes < stream.waitingBytes {
                    return
                } else if case .whole = verdict(stream.waitingBytes, on: stream) {
                    awaitBudget(stream)
                }
            }
            creditQueue.removeFirst()
            stream.awaitsConnectionCredit = false
        }
    }

    /// Serves the streams that wait for a budget, first come first served.
    package mutating func serveBudgetQueue(_ openings: inout [Opening]) {
        while let stream = budgetQueue.first {
            if stream.waitingBytes > 0, !stream.isGranted {
                if grant(stream, atHeadOfQueue: creditQueue.isEmpty) {
                    openings.append(.granted(stream))
                } else if case .whole = verdict(stream.waitingBytes, on: stream) {
                    return
                }
            }
            budgetQueue.removeFirst()
            stream.awaitsBudget = false
        }
    }

    /// Whether any sender waits for a budget: then somebody should ask again soon, for other connections free it too.
    package var awaitsBudget: Bool { !budgetQueue.isEmpty }

    /// Takes a stream that ends, or that no longer waits, out of the queues.
    package mutating func leaveQueues(_ stream: HTTP2Stream) {
        if stream.awaitsConnectionCredit {
            creditQueue.removeAll { $0 === stream }
            stream.awaitsConnectionCredit = false
        }
        if stream.awaitsBudget {
            budgetQueue.removeAll { $0 === stream }
            stream.awaitsBudget = false
        }
    }
}
