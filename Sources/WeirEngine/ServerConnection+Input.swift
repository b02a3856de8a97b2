// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// What becomes of a peer that does not finish what it began to send: a handshake, a frame, a request.
///
/// What is unfinished in the connection's byte stream ends the connection, for nothing behind it can arrive. A request that
/// is unfinished between frames ends its stream.
extension ServerConnection {
    // MARK: - The connection

    /// When the peer's unfinished input is due; nil when there is none, and while none is taken.
    var inputInstant: MonotonicInstant? {
        let due = input.earliest
        return due == .distantFuture ? nil : receiveClock.instant(of: due)
    }

    /// Bytes arrived: the peer may have finished what it had begun, and begun something else.
    func noteInput() {
        input.received(
            session.unfinishedInput, isAcknowledged: session.settingsAreAcknowledged, at: receiveClock.time(at: now))
    }

    /// Ends the connection if its peer's unfinished input is due; returns whether it was.
    func inputTimerFired() -> Bool {
        guard input.earliest != .distantFuture, isDue(input.earliest) else { return false }
        let (code, reason) = inputFault()
        act(.report(.inputTimedOut(code: code, reason: reason, streams: session.streams.count)))
        giveUp(code, reason)
        return true
    }

    /// The peer makes calls and resets them faster than it may (CVE-2023-44487), or has this side reset them (CVE-2025-8671).
    func resetTooOften(_ reason: String) {
        guard !isClosed else { return }
        act(
            .report(
                .protocolError(
                    HTTP2Error(scope: .connection, code: .enhanceYourCalm, initiator: .local, reason: reason))))
        giveUp(.enhanceYourCalm, reason)
    }

    /// Ends the connection with GOAWAY, all calls with it.
    private func giveUp(_ code: HTTP2ErrorCode, _ reason: String) {
        releaseOutput()
        session.submitGoAway(code: code, reason: reason)
        // To a peer that takes nothing GOAWAY cannot be sent, and waiting for it would keep the connection.
        let canBeTold = outputIsTaken
        connectionLost("the connection was closed: \(reason)", at: now)
        act(canBeTold ? .close : .abort)
    }

    private func inputFault() -> (HTTP2ErrorCode, String) {
        let handshake = configuration.handshakeDeadline.secondsText
        let frame = configuration.frameDeadline.secondsText
        guard input.unfinishedDue <= input.acknowledgementDue else {
            return (.settingsTimeout, "SETTINGS were not acknowledged within \(handshake)")
        }
        return switch session.unfinishedInput?.part {
        case .preface: (.protocolError, "the connection preface did not arrive whole within \(handshake)")
        case .settings: (.protocolError, "no SETTINGS arrived whole within \(handshake) of the connection's start")
        case .fieldSection: (.enhanceYourCalm, "a field section was not whole within \(frame)")
        case .data: (.enhanceYourCalm, "nothing of an unfinished DATA frame arrived for \(frame)")
        case .frame, nil: (.enhanceYourCalm, "a frame was not whole within \(frame)")
        }
    }

    /// Whether an instant of the receive clock has come.
    ///
    /// If it is looked at late, the sockets were looked at late too, and what is missing may lie in the kernel: then the time
    /// that was lost does not count, and the sockets have their turn first.
    func isDue(_ due: MonotonicInstant) -> Bool {
        let time = receiveClock.time(at: now)
        guard due <= time else { return false }
        let late = time.nanoseconds(since: due)
        guard late > Self.latestLook.saturatedNanoseconds else { return true }
        receiveClock.putBack(late)
        receiveClock.putBack(Self.socketsTurn.saturatedNanoseconds)
        return false
    }

    /// How late a deadline of the peer's input may be looked at and still be kept to.
    private static let latestLook = Duration.seconds(1)
    /// How long after a late look the next one is.
    private static let socketsTurn = Duration.milliseconds(100)

    // MARK: - A request

    /// The request of a call began whose handler starts with the whole of it.
    func requestBegan(_ call: ServerCall) {
        call.requestBeganAt = receiveClock.time(at: now)
        call.requestDue = call.requestBeganAt + call.flow.requestDeadline
    }

    /// Bytes of a request arrived: they buy time, never more than the request had at first.
    func requestMoved(_ call: ServerCall, _ count: Int) {
        guard call.requestDue != .distantFuture else { return }
        let flow = call.flow
        // Far more than one read brings; times 10^9 it fits.
        let count = Int64(min(count, 1 << 30))
        let bought = count * 1_000_000_000 / Int64(max(1, flow.requestBytesPerSecond))
        call.requestDue = min(
            call.requestDue.advanced(byNanoseconds: bought), receiveClock.time(at: now) + flow.requestDeadline)
    }

    /// The request is whole, or nobody waits for it any more.
    func requestIsOver(_ call: ServerCall) {
        guard call.requestDue != .distantFuture else { return }
        call.requestDue = .distantFuture
        call.requestHeldSince = nil
        if call.stream.timerIndex >= 0 { session.touch(call.stream) }
    }

    /// When the call's unfinished request is due, or has to be looked at.
    func requestInstant(of call: ServerCall) -> MonotonicInstant? {
        guard call.requestDue != .distantFuture, call.requestHeldSince == nil else { return nil }
        return receiveClock.instant(of: call.requestDue) ?? now + Self.stoppedLook
    }

    /// How often a stream is looked at whose request is due, while nothing is taken from the connection.
    static let stoppedLook = Duration.milliseconds(500)

    /// Ends the call if its unfinished request is due; returns whether it was.
    func requestTimerFired(_ call: ServerCall) -> Bool {
        guard call.requestDue != .distantFuture, call.requestHeldSince == nil, isDue(call.requestDue) else {
            return false
        }
        let stalled = RequestStalled(
            receivedBytes: call.stream.receiveCredit.heldBytes, isWhole: call.request != nil,
            isStream: call.route.method.kind.streamsRequests,
            waitedFor: .nanoseconds(receiveClock.time(at: now).nanoseconds(since: call.requestBeganAt)))
        act(.report(.requestStalled(method: call.route.method.path, stream: call.stream.id, report: stalled)))
        let flow = call.flow
        fail(
            call,
            stalled.status(
                deadline: flow.requestDeadline, bytesPerSecond: flow.requestBytesPerSecond,
                retryDelay: configuration.stallRetryDelay))
        // Its DATA frame may be what is unfinished: the client is to read the status before the connection ends.
        if session.unfinishedInput?.part == .data { input.restart(at: receiveClock.time(at: now)) }
        return true
    }
}
