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
        if canResumeData(of: stream) { openings.append(.resumeData(stream)) }
        guard unsafe stream.waitingBytes > 0, unsafe !stream.isGranted else { return }
        if grant(stream, atHeadOfQueue: false) {
            openings.append(.granted(stream))
            return
        }
        // Above the low watermark it waits for its own queue, and is looked at again when DATA leaves that.
        guard unsafe stream.queue.byteCount <= limits.streamLowWatermarkBytes else { return }
        switch unsafe verdict(stream.waitingBytes, on: stream) {
        case .queueIsFull, .blocked(.socket):
            return
        case .whole, .inParts:
            // Room is there: it is others' turn for connection credit, or a budget is used up.
            if unsafe stream.takesTurns || !creditQueue.isEmpty {
                awaitConnectionCredit(stream)
                hasTurnToGive = unsafe hasTurnToGive || stream.takesTurns
            } else {
                awaitBudget(stream)
            }
        case .blocked:
            if unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream) {
                awaitConnectionCredit(stream)
            }
            armHoldBack(stream, at: now)
        }
    }

    /// Whether DATA that was put off may go on: the library does not ask again by itself when a window opens.
    private func canResumeData(of stream: HTTP2Stream) -> Bool {
        guard unsafe stream.isDeferred, !stream.awaitsConnectionCredit else { return false }
        guard unsafe !stream.queue.isEmpty else { return false }
        let count = unsafe sendableBytes(on: stream, frameLimit: max(0, min(stream.window.bytes, window.bytes)))
        return unsafe count >= min(limits.smallestUsefulBytes, stream.queue.byteCount)
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

    /// Whether nothing but a budget, or others' turn, keeps the stream's message waiting.
    private func waitsForBudget(_ stream: HTTP2Stream) -> Bool {
        guard unsafe stream.queue.byteCount <= limits.streamLowWatermarkBytes else { return false }
        let verdict = unsafe verdict(stream.waitingBytes, on: stream)
        return verdict == .whole || verdict == .inParts
    }

    /// A peer that was not seen to refill early may be waiting for the window to be used up: after a while, use it.
    private func armHoldBack(_ stream: HTTP2Stream, at now: MonotonicInstant) {
        guard unsafe stream.holdBackUntil == nil, unsafe !stream.holdBackIsOver else { return }
        guard unsafe stream.queue.isEmpty, unsafe stream.window.bytes > 0, freeConnectionBytes > 0 else { return }
        let limiting = unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream) ? window : stream.window
        if !limiting.refillsEarly {
            unsafe stream.holdBackUntil = now + min(limits.holdBack, stream.holdBack ?? limits.holdBack)
        }
    }

    /// Serves the streams that wait for connection credit, first come first served.
    ///
    /// The first one saves credit up, so large messages are not starved by small ones; when the window cannot become large
    /// enough for it, its hold-back ends and it goes out in parts.
    package mutating func serveQueues(_ openings: inout [Opening]) {
        hasTurnToGive = false
        // With one stream in the queue there is nobody to take turns with.
        let isContended = creditQueue.count > 1
        while let stream = creditQueue.first {
            if unsafe stream.isDeferred, unsafe !stream.queue.isEmpty, unsafe stream.window.bytes > 0 {
                guard freeConnectionBytes > 0 else { return }
                openings.append(.resumeData(stream))
            } else if unsafe stream.waitingBytes > 0, unsafe !stream.isGranted {
                if grant(stream, atHeadOfQueue: true) {
                    unsafe stream.takesTurns = isContended
                    openings.append(.granted(stream))
                } else if unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream),
                    unsafe freeConnectionBytes < stream.waitingBytes
                {
                    return
                } else if waitsForBudget(stream) {
                    awaitBudget(stream)
                }
            }
            creditQueue.removeFirst()
            stream.awaitsConnectionCredit = false
        }
    }

    /// The stream that connection credit is saved up for.
    package var firstOfCreditQueue: HTTP2Stream? { creditQueue.first }

    /// Serves the streams that wait for a budget, first come first served.
    package mutating func serveBudgetQueue(_ openings: inout [Opening]) {
        while let stream = budgetQueue.first {
            if unsafe stream.waitingBytes > 0, unsafe !stream.isGranted {
                if grant(stream, atHeadOfQueue: creditQueue.isEmpty) {
                    openings.append(.granted(stream))
                } else if waitsForBudget(stream) {
                    return
                } else if unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream) {
                    // The connection's window closed while it waited for the budget.
                    awaitConnectionCredit(stream)
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
