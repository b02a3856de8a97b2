// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// When a stream is blocked, and when something of it is due.
extension ServerConnection {
    /// Looks at a stream whose queue, windows or sender changed: is it blocked, why, and when is something due.
    func evaluate(_ stream: HTTP2Stream) {
        guard session.streams[stream.id.rawValue] === stream else { return }
        let call = stream.owner as? ServerCall
        if let cause = blockedCause(of: stream) {
            if cause == .streamWindow || cause == .connectionWindow {
                stream.queue.shrink(spares: &session.flow.spares)
            }
            stream.stall.blocked(
                cause, at: now,
                progressOfConnection: session.flow.waitsForOwnWindow(stream) ? nil : session.flow.lastProgress)
            // A budget of ours is not the peer's slowness.
            if cause == .budget { stream.rate?.stop(at: now) } else { stream.rate?.start(at: now) }
        } else {
            stream.stall.unblocked()
            stream.rate?.stop(at: now)
            stream.creditSinceClockStart = false
        }
        if let call { lookAtMessage(of: call) }
        timers.set(stream, to: nextInstant(of: stream, call))
        call?.tellObservers()
    }

    /// The settings of a call changed: its deadlines with them.
    func flowChanged(_ call: ServerCall) {
        let stream = call.stream
        guard stream.owner === call else { return }
        applyFlow(of: call)
        session.touch(stream)
        outputIsWanted()
    }

    /// Prepares a call's stream for its settings.
    func applyFlow(of call: ServerCall) {
        let flow = call.flow
        // What a held-back message's part moves restarts the stall clock, so a stopped reader is cut this much later.
        call.stream.holdBack = .nanoseconds(flow.stallDeadline.saturatedNanoseconds / 16)
        call.stream.rate = flow.minimumRate.map { rate in
            RateMonitor(requiredBytes: rate.bytesPerPeriod, period: rate.period, grace: rate.grace)
        }
    }

    func blockedCause(of stream: HTTP2Stream) -> BlockedCause? {
        guard stream.hasUnsentOutput else { return nil }
        return session.flow.blockedCause(of: stream)
    }

    /// How long the stream may be without progress.
    func deadline(of stream: HTTP2Stream, _ call: ServerCall?) -> Duration {
        guard let call else { return configuration.flow.tailDeadline }
        return call.handlerHasReturned ? call.flow.tailDeadline : call.flow.stallDeadline
    }

    /// When the stream will have stalled.
    ///
    /// A stream that only waits for a stuck socket has no clock of its own: trailers could not get out either, so the
    /// connection's clock decides.
    private func stallInstant(of stream: HTTP2Stream, _ call: ServerCall?) -> MonotonicInstant? {
        if stream.stall.cause == .socket, stream.stall.countsConnection { return nil }
        return stream.stall.stallInstant(
            deadline: deadline(of: stream, call), connectionProgress: session.flow.lastProgress)
    }

    /// When the stream will have been idle for too long.
    private func idleInstant(of stream: HTTP2Stream, _ call: ServerCall?) -> MonotonicInstant? {
        guard let call, unsafe call.endError == nil, !call.handlerHasReturned, !stream.hasUnsentOutput else {
            return nil
        }
        return call.flow.idleDeadline.map { stream.lastActivity + $0 }
    }

    private func nextInstant(of stream: HTTP2Stream, _ call: ServerCall?) -> MonotonicInstant? {
        var next = call.flatMap { unsafe $0.endError == nil ? $0.deadline : nil } ?? .distantFuture
        if let instant = stallInstant(of: stream, call) { next = min(next, instant) }
        if let instant = idleInstant(of: stream, call) { next = min(next, instant) }
        if let instant = stream.rate?.nextJudgement { next = min(next, instant) }
        if let instant = stream.holdBackUntil { next = min(next, instant) }
        if let instant = call?.sendDeadline { next = min(next, instant) }
        if let instant = stream.smallSendAt { next = min(next, instant) }
        if let instant = call.flatMap({ requestInstant(of: $0) }) { next = min(next, instant) }
        if call == nil, let instant = bodyInstant(of: stream) { next = min(next, instant) }
        return next == .distantFuture ? nil : next
    }

    /// Something of the stream is due.
    ///
    /// Whatever is acted on changes the state that made it due; the next deadline is set when the stream, which is
    /// touched, is looked at again.
    func streamTimerFired(_ stream: HTTP2Stream) {
        guard session.streams[stream.id.rawValue] === stream else { return }
        session.touch(stream)
        let call = stream.owner as? ServerCall
        if let call, let deadline = call.deadline, deadline <= now, unsafe call.endError == nil {
            fail(
                call,
                Status(code: .deadlineExceeded, message: "the call's deadline passed before it was complete"))
            return
        }
        if let call, requestTimerFired(call) { return }
        if call == nil, bodyTimerFired(stream) { return }
        if let due = stream.smallSendAt, due <= now { session.allowSmallSend(on: stream) }
        if let due = stream.holdBackUntil, due <= now {
            session.flow.endHoldBack(of: stream, at: now)
            session.connectionWindowChanged = true
        }
        if let due = idleInstant(of: stream, call), due <= now, let call { return idle(call) }
        if let due = stallInstant(of: stream, call), due <= now, call?.forgetsOffer() != true {
            if stream.creditSinceClockStart, stream.waitingBytes > 0, stream.window.bytes > 0,
                session.flow.window.bytes > 0
            {
                // The reader lives: it returned credit, only not enough for the message that was held back for it. Once:
                // bytes that now go out are its next sign of life.
                stream.creditSinceClockStart = false
                stream.holdBackIsOver = true
                session.connectionWindowChanged = true
                stream.stall.progressed(at: now)
            } else {
                return end(stream, call, for: .stalled)
            }
        }
        if let rate = stream.rate, let due = rate.nextJudgement, due <= now, rate.isTooSlow(at: now) {
            return end(stream, call, for: .tooSlow)
        }
        call?.expireWaiters(at: now)
    }
}
