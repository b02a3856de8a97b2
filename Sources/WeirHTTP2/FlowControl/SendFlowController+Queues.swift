// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

extension SendFlowController {
    /// What became possible for a stream.
    package enum Opening {
        /// The waiting sender may write its message.
        case granted(HTTP2Stream)
        /// The waiting message's hold-back has begun, or ended: when it is due is to be looked at.
        case heldBack(HTTP2Stream)
        /// Queued DATA may go on.
        case resumeData(HTTP2Stream)
    }

    /// Looks at one stream whose queue, window or sender changed: grants the waiting message, or queues the stream for what
    /// it waits for.
    package mutating func reconsider(_ stream: HTTP2Stream, at now: MonotonicInstant, _ openings: inout [Opening]) {
        if canResumeData(of: stream) { openings.append(.resumeData(stream)) }
        guard unsafe stream.waitingBytes > 0, unsafe !stream.isGranted else { return }
        if grant(stream, atHeadOfQueue: false) {
            leaveYieldQueue(stream)
            openings.append(.granted(stream))
            return
        }
        // Above the low watermark it waits for its own queue, and is looked at again when DATA leaves that.
        guard unsafe stream.queue.byteCount <= limits.streamLowWatermarkBytes else { return }
        switch unsafe verdict(stream.waitingBytes, on: stream) {
        case .queueIsFull, .blocked(.socket):
            return
        case .whole, .inParts:
            // Room is there: it is others' turn for connection credit, the stream is past its share, or a budget is used up.
            if unsafe exceedsShare(stream.waitingBytes, on: stream) {
                giveWay(stream, at: now)
            } else if unsafe stream.takesTurns || !creditQueue.isEmpty {
                awaitConnectionCredit(stream)
                // For the first one, too: with this one behind it its hold-back may have to begin.
                let firstHasNoLimit = unsafe creditQueue.first?.holdBackUntil == nil
                hasTurnToGive = unsafe hasTurnToGive || stream.takesTurns || firstHasNoLimit
            } else {
                awaitBudget(stream, at: now)
            }
        case .blocked:
            if unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream) {
                awaitConnectionCredit(stream)
            } else if mayUseRest(of: stream), unsafe exceedsShare(stream.waitingBytes, on: stream) {
                // It would go out in parts, so what keeps it is its share of the connection's window.
                return giveWay(stream, at: now)
            }
            armHoldBack(stream, at: now)
        }
    }

    /// Whether the stream's own window is half open, so that a message that does not fit goes out in parts.
    private func mayUseRest(of stream: HTTP2Stream) -> Bool {
        unsafe stream.queue.isEmpty && stream.window.isHalfOpen(stream.window.bytes)
    }

    /// Whether DATA that was put off may go on: the library does not ask again by itself when a window opens.
    private func canResumeData(of stream: HTTP2Stream) -> Bool {
        guard unsafe stream.isDeferred, !stream.awaitsConnectionCredit else { return false }
        guard unsafe !stream.queue.isEmpty else { return false }
        let count = unsafe sendableBytes(on: stream, frameLimit: max(0, min(stream.window.bytes, window.bytes)))
        return unsafe count >= min(limits.smallestUsefulBytes, stream.queue.byteCount)
    }

    /// Lets others go first: the stream holds its share of a scarce connection window already.
    private mutating func giveWay(_ stream: HTTP2Stream, at now: MonotonicInstant) {
        awaitShare(stream)
        armHoldBack(stream, at: now)
    }

    /// Puts a stream past its share at the end of the queue of those.
    mutating func awaitShare(_ stream: HTTP2Stream) {
        guard !stream.yieldsConnectionCredit, !stream.awaitsConnectionCredit else { return }
        stream.yieldsConnectionCredit = true
        yieldQueue.append(stream)
    }

    private mutating func leaveYieldQueue(_ stream: HTTP2Stream) {
        guard stream.yieldsConnectionCredit else { return }
        yieldQueue.removeAll { $0 === stream }
        stream.yieldsConnectionCredit = false
    }

    private mutating func leaveCreditQueue(_ stream: HTTP2Stream) {
        if stream.awaitsConnectionCredit {
            creditQueue.removeAll { $0 === stream }
            stream.awaitsConnectionCredit = false
        }
        turnGoesOn(stream)
    }

    /// Puts a stream whose DATA or message waits for connection credit at the end of the queue for it.
    mutating func awaitConnectionCredit(_ stream: HTTP2Stream) {
        leaveYieldQueue(stream)
        guard !stream.awaitsConnectionCredit else { return }
        stream.awaitsConnectionCredit = true
        if isInItsTurn(stream) {
            // The window closed in the middle of its turn: it is still its turn when the window opens.
            stream.turnIsInterrupted = true
            creditQueue.insert(stream, at: min(interruptedTurns, creditQueue.count))
            interruptedTurns += 1
        } else {
            creditQueue.append(stream)
        }
    }

    /// Whether queued DATA waits for credit: DATA that was put off, or that the library goes on with by itself.
    private func goesOnInParts(_ stream: HTTP2Stream) -> Bool {
        unsafe !stream.queue.isEmpty && (stream.isDeferred || stream.sendsInParts)
    }

    /// The connection's window closed behind DATA of a message in parts.
    ///
    /// The library would go on with it by itself and in its own order, beside those whose turn it is.
    mutating func windowClosed(behind stream: HTTP2Stream) {
        guard !creditQueue.isEmpty, goesOnInParts(stream), !exceedsShare(1, on: stream) else { return }
        awaitConnectionCredit(stream)
    }

    /// Whether the stream has not had all of the turn that was begun: a message that fits it waits, or DATA in parts.
    private func isInItsTurn(_ stream: HTTP2Stream) -> Bool {
        if goesOnInParts(stream) { return stream.partsTurnBytes > 0 }
        return unsafe stream.takesTurns && stream.waitingBytes > 0 && stream.quantumBytes >= stream.waitingBytes
    }

    /// Begins the turn of the first stream in the queue, or goes on with one that was interrupted.
    ///
    /// Each turn adds a quantum (deficit round robin): what a small remainder could not use is kept for the next, and a
    /// message larger than the quantum is paid for by turns that are passed over. Returns whether it is its turn.
    private mutating func beginTurn(of stream: HTTP2Stream, isContended: Bool) -> Bool {
        if stream.turnIsInterrupted {
            turnGoesOn(stream)
            return true
        }
        guard isContended else {
            unsafe stream.takesTurns = false
            unsafe stream.quantumBytes = limits.quantumBytes
            return true
        }
        let kept = unsafe stream.takesTurns ? min(stream.quantumBytes, limits.quantumBytes) : 0
        unsafe stream.takesTurns = true
        unsafe stream.quantumBytes = kept + limits.quantumBytes
        return unsafe stream.quantumBytes > 0
    }

    private mutating func awaitBudget(_ stream: HTTP2Stream, at now: MonotonicInstant) {
        unsafe budget.refused(stream.waitingBytes, at: now)
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
        guard unsafe !stream.holdBackIsOver else { return }
        guard unsafe stream.queue.isEmpty, unsafe stream.window.bytes > 0, freeConnectionBytes > 0 else { return }
        let waitsForConnection = unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream)
        let limiting = unsafe waitsForConnection ? window : stream.window
        let free = unsafe waitsForConnection ? freeConnectionBytes : stream.window.bytes
        if limiting.isHalfOpen(free), unsafe !exceedsShare(stream.waitingBytes, on: stream) {
            // The peer has no reason to return credit, so waiting for more, or waiting on, would be for nothing.
            unsafe stream.holdBackUntil = now
            stream.heldBackAt = share.sequence
            return
        }
        guard unsafe stream.holdBackUntil == nil else { return }
        stream.heldBackAt = share.sequence
        if stream.passesShareAt == share.sequence {
            // It was held back already since the peer last granted something: once is enough.
            unsafe stream.holdBackUntil = now
            return
        }
        if !limiting.refillsEarly || limiting.wasWidened || (waitsForConnection && keepsOthersWaiting(stream)) {
            unsafe stream.holdBackUntil = now + min(limits.holdBack, stream.holdBack ?? limits.holdBack)
        }
    }

    /// The stream's hold-back is over: the peer returned nothing, so the windows' rest is used.
    package mutating func endHoldBack(of stream: HTTP2Stream, at now: MonotonicInstant) {
        unsafe stream.holdBackUntil = nil
        if stream.heldBackAt != share.sequence {
            // The peer did return credit, only not for this stream: there is nothing to find out about the peer.
            if stream.awaitsConnectionCredit || stream.yieldsConnectionCredit,
                unsafe exceedsShare(stream.waitingBytes, on: stream)
            {
                leaveCreditQueue(stream)
                giveWay(stream, at: now)
                return
            }
            if stream.awaitsConnectionCredit { return armHoldBack(stream, at: now) }
        } else if unsafe !window.isHalfOpen(freeConnectionBytes)
            && waitsForConnectionOnly(stream.waitingBytes, on: stream)
        {
            // With half of the window open nothing was held back, and nobody had a reason to return credit.
            share.stoodStill(outstandingBytes: window.fullBytes - window.bytes)
        }
        unsafe stream.holdBackIsOver = true
        unsafe stream.window.stoodStill()
        guard window.wasWidened else { return }
        window.stoodStill()
        share.lowered(outstandingBytes: window.fullBytes - window.bytes)
    }

    /// Whether the credit that is saved up for the first stream in the queue would do for one of those behind it.
    ///
    /// A reader that stopped may hold what the first one lacks for ever, so those must not wait as long as for their own peer.
    private func keepsOthersWaiting(_ stream: HTTP2Stream) -> Bool {
        guard creditQueue.first === stream else { return false }
        return creditQueue.prefix(Self.mostLookedAt).dropFirst().contains { other in
            unsafe other.waitingBytes > 0 && verdict(other.waitingBytes, on: other) == .whole
        }
    }

    /// Most streams of a queue that are looked at for one event.
    private static var mostLookedAt: Int { 32 }

    /// Serves the streams that wait for connection credit, first come first served.
    ///
    /// The first one saves credit up, so large messages are not starved by small ones; when the window cannot become large
    /// enough for it, its hold-back ends and it goes out in parts.
    package mutating func serveQueues(at now: MonotonicInstant, _ openings: inout [Opening]) {
        hasTurnToGive = false
        // With one stream in the queue there is nobody to take turns with.
        let isContended = creditQueue.count > 1
        while let stream = creditQueue.first {
            if goesOnInParts(stream), unsafe stream.window.bytes > 0 {
                guard creditBytes(for: stream) > 0 else { return }
                if !stream.turnIsInterrupted { stream.partsTurnBytes = limits.quantumBytes }
                keepTurnCredit(for: stream)
                openings.append(.resumeData(stream))
            } else if unsafe stream.waitingBytes > 0, unsafe !stream.isGranted {
                if unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream),
                    unsafe freeConnectionBytes < stream.waitingBytes, !mayGoInParts(stream)
                {
                    // It came here while nobody else waited, or was within its share: for one past it nothing is saved up.
                    guard creditQueue.count > 1, unsafe exceedsShare(stream.waitingBytes, on: stream) else { return }
                    leaveCreditQueue(stream)
                    giveWay(stream, at: now)
                    continue
                }
                guard beginTurn(of: stream, isContended: isContended) else {
                    creditQueue.removeFirst()
                    creditQueue.append(stream)
                    continue
                }
                if grant(stream, atHeadOfQueue: true) {
                    openings.append(.granted(stream))
                } else if unsafe exceedsShare(stream.waitingBytes, on: stream), waitsForBudget(stream) {
                    creditQueue.removeFirst()
                    stream.awaitsConnectionCredit = false
                    giveWay(stream, at: now)
                    continue
                } else if waitsForBudget(stream) {
                    awaitBudget(stream, at: now)
                }
            }
            creditQueue.removeFirst()
            stream.awaitsConnectionCredit = false
            turnGoesOn(stream)
        }
        serveYieldQueue(at: now, &openings)
    }

    /// Keeps a turn's worth of credit for DATA that goes on: the messages behind it in the queue would set all of it aside
    /// before the library asks.
    private mutating func keepTurnCredit(for stream: HTTP2Stream) {
        // With others behind it, one past its share gives way as soon as the library asks.
        if creditQueue.count > 1, exceedsShare(1, on: stream) { return }
        let wanted = unsafe min(stream.partsTurnBytes, stream.queue.byteCount, stream.window.bytes)
        let kept = min(max(0, wanted - stream.turnCreditBytes), max(0, freeConnectionBytes))
        stream.turnCreditBytes += kept
        turnCreditBytes += kept
    }

    private mutating func turnGoesOn(_ stream: HTTP2Stream) {
        guard stream.turnIsInterrupted else { return }
        stream.turnIsInterrupted = false
        interruptedTurns -= 1
    }

    /// Whether the stream's message need not fit the free part of the window.
    private func mayGoInParts(_ stream: HTTP2Stream) -> Bool {
        unsafe verdict(stream.waitingBytes, on: stream) == .inParts
    }

    /// Serves the streams past their share once nobody else waits and the window is no longer scarce.
    ///
    /// While it is scarce, only one's own credit or the end of its hold-back brings a message on, and then the stream is
    /// looked at by itself; DATA of a message that is under way goes on as soon as nobody else wants the credit.
    private mutating func serveYieldQueue(at now: MonotonicInstant, _ openings: inout [Opening]) {
        var passedOver = 0
        while creditQueue.isEmpty, passedOver < min(yieldQueue.count, Self.mostLookedAt) {
            let stream = yieldQueue[passedOver]
            if unsafe stream.waitingBytes > 0, unsafe !stream.isGranted {
                if unsafe exceedsShare(stream.waitingBytes, on: stream) {
                    // Those behind it may be within theirs.
                    passedOver += 1
                    continue
                }
                if grant(stream, atHeadOfQueue: true) {
                    openings.append(.granted(stream))
                } else if waitsForBudget(stream) {
                    leaveYieldQueue(stream)
                    awaitBudget(stream, at: now)
                    continue
                } else if unsafe waitsForConnectionOnly(stream.waitingBytes, on: stream) {
                    awaitConnectionCredit(stream)
                    return
                } else {
                    // Its own window is too small for the whole message, and half open.
                    armHoldBack(stream, at: now)
                    openings.append(.heldBack(stream))
                }
            } else if unsafe stream.isDeferred, unsafe !stream.queue.isEmpty {
                guard creditBytes(for: stream) > 0 else { return }
                openings.append(.resumeData(stream))
            }
            yieldQueue.remove(at: passedOver)
            stream.yieldsConnectionCredit = false
        }
    }

    /// The stream that connection credit is saved up for.
    package var firstOfCreditQueue: HTTP2Stream? { creditQueue.first }

    /// Serves the streams that wait for a budget, first come first served.
    package mutating func serveBudgetQueue(at now: MonotonicInstant, _ openings: inout [Opening]) {
        while let stream = budgetQueue.first {
            if unsafe stream.waitingBytes > 0, unsafe !stream.isGranted {
                if grant(stream, atHeadOfQueue: creditQueue.isEmpty) {
                    openings.append(.granted(stream))
                } else if unsafe exceedsShare(stream.waitingBytes, on: stream), waitsForBudget(stream) {
                    budgetQueue.removeFirst()
                    stream.awaitsBudget = false
                    giveWay(stream, at: now)
                    continue
                } else if waitsForBudget(stream) {
                    // Where there is budget, others stand in line for connection credit, and so must this one.
                    guard unsafe budget.hasRoom(stream.waitingBytes) else { return }
                    awaitConnectionCredit(stream)
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
        leaveCreditQueue(stream)
        leaveYieldQueue(stream)
        if stream.awaitsBudget {
            budgetQueue.removeAll { $0 === stream }
            stream.awaitsBudget = false
        }
    }
}
