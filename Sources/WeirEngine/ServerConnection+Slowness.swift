// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// How a stream ends whose peer is too slow, or that nobody uses.
extension ServerConnection {
    /// Ends a stream for its peer's slowness, with a reason the client sees.
    func end(_ stream: HTTP2Stream, _ call: ServerCall?, for reason: StreamStalled.Reason) {
        guard let call else {
            // An answer in plain HTTP that nobody reads: there are no trailers to say it with.
            session.submitReset(stream, code: .cancel)
            return
        }
        // What the stream waits for may have changed since it was last looked at.
        let cause = blockedCause(of: stream) ?? stream.stall.cause ?? .streamWindow
        let report = StreamStalled(
            reason: reason, cause: StreamStalled.Cause(cause),
            stalledFor: .nanoseconds(now.nanoseconds(since: stream.stall.blockedSince)),
            heldBytes: call.heldBytes, messagesSent: call.messagesSent, windowBytes: stream.window.largestBytes,
            isTail: call.handlerHasReturned)
        act(.report(.stalled(method: call.route.method.path, stream: stream.id, report: report)))
        let status = report.status(
            deadline: deadline(of: stream, call), minimumRate: call.flow.minimumRate,
            retryDelay: configuration.stallRetryDelay)
        fail(call, status, cause: report)
    }

    /// Ends a stream on which nothing happened for as long as its idle deadline.
    func idle(_ call: ServerCall) {
        let idleFor = Duration.nanoseconds(now.nanoseconds(since: call.stream.lastActivity))
        act(.report(.idle(method: call.route.method.path, stream: call.stream.id, idleFor: idleFor)))
        fail(
            call,
            Status(
                code: .unavailable,
                message: "the stream was idle: nothing was sent or received for \(idleFor.secondsText)",
                details: [
                    .errorInfo(ErrorInfo(reason: "STREAM_IDLE", metadata: ["idle_for": idleFor.secondsText])),
                    .retryInfo(RetryInfo(retryDelay: configuration.stallRetryDelay)),
                ]))
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
