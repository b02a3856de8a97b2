// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// When a call is blocked, stalled or out of time, and what happens then.
extension ServerConnection {
    /// Looks at a call whose queue, windows or sender changed: is it blocked, why, and when is something due.
    func evaluate(_ call: ServerCall) {
        let stream = call.stream
        guard stream.owner === call else { return }
        if let cause = blockedCause(of: stream) {
            if cause == .streamWindow || cause == .connectionWindow {
                stream.queue.shrink(spares: &session.flow.spares)
            }
            stream.stall.blocked(
                cause, at: now,
                progressOfConnection: session.flow.waitsForOwnWindow(stream) ? nil : session.flow.lastProgress)
        } else {
            stream.stall.unblocked()
            stream.creditSinceClockStart = false
        }
        timers.set(call, to: nextInstant(of: call))
    }

    private func blockedCause(of stream: HTTP2Stream) -> BlockedCause? {
        guard stream.hasUnsentOutput else { return nil }
        return session.flow.blockedCause(of: stream)
    }

    /// When the call will have stalled.
    ///
    /// A stream that only waits for a stuck socket has no clock of its own: trailers could not get out either, so the
    /// connection's clock decides.
    private func stallInstant(of call: ServerCall) -> MonotonicInstant? {
        if call.stream.stall.cause == .socket, call.stream.stall.countsConnection { return nil }
        let deadline = call.handlerHasReturned ? call.flow.tailDeadline : call.flow.stallDeadline
        return call.stream.stall.stallInstant(
            deadline: deadline, connectionProgress: session.flow.lastProgress)
    }

    private func nextInstant(of call: ServerCall) -> MonotonicInstant? {
        var next = call.deadline.flatMap { unsafe call.endError == nil ? $0 : nil } ?? .distantFuture
        if let instant = stallInstant(of: call) { next = min(next, instant) }
        if let instant = call.stream.holdBackUntil { next = min(next, instant) }
        if let instant = call.stream.smallSendAt { next = min(next, instant) }
        return next == .distantFuture ? nil : next
    }

    /// Something of the call is due.
    ///
    /// Whatever is acted on changes the state that made it due; the next deadline is set when the stream, which is
    /// touched, is looked at again.
    func callTimerFired(_ call: ServerCall) {
        let stream = call.stream
        guard stream.owner === call else { return }
        session.touch(stream)
        if let deadline = call.deadline, deadline <= now, unsafe call.endError == nil {
            fail(
                call,
                Status(code: .deadlineExceeded, message: "the call's deadline passed before it was complete"))
            return
        }
        if let due = stream.smallSendAt, due <= now { session.allowSmallSend(on: stream) }
        if let due = stream.holdBackUntil, due <= now {
            stream.holdBackUntil = nil
            stream.holdBackIsOver = true
            session.connectionWindowChanged = true
        }
        if let due = stallInstant(of: call), due <= now {
            if stream.creditSinceClockStart, stream.waitingBytes > 0, stream.window.bytes > 0 {
                // The reader lives: it returned credit, only not enough for the message that was held back for it.
                stream.holdBackIsOver = true
                session.connectionWindowChanged = true
                stream.stall.progressed(at: now)
            } else {
                stalled(call)
            }
        }
    }

    private func stalled(_ call: ServerCall) {
        let stream = call.stream
        // What the stream waits for may have changed since it was last looked at.
        let cause = blockedCause(of: stream) ?? stream.stall.cause ?? .streamWindow
        let report = StreamStalled(
            cause: StreamStalled.Cause(cause),
            stalledFor: .nanoseconds(now.nanoseconds(since: stream.stall.blockedSince)),
            heldBytes: call.heldBytes, messagesSent: call.messagesSent, windowBytes: stream.window.largestBytes,
            isTail: call.handlerHasReturned)
        act(.report(.stalled(method: call.route.method.path, stream: stream.id, report: report)))
        let deadline = call.handlerHasReturned ? call.flow.tailDeadline : call.flow.stallDeadline
        fail(call, report.status(deadline: deadline, retryDelay: configuration.stallRetryDelay), cause: report)
    }
}

extension StreamStalled.Cause {
    init(_ cause: BlockedCause) {
        self =
            switch cause {
            case .socket: .socket
            case .budget: .budget
            case .connectionWindow: .connectionWindow
            case .streamWindow: .streamWindow
            }
    }
}
