// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
internal import WeirHTTP2
public import WeirRPC
internal import WeirTransport

/// How long the call may take, and whether it is over.
extension CallContext {
    /// How long the client was willing to wait when it sent the request (`grpc-timeout`); nil without a limit.
    ///
    /// The server keeps to it: when it passes, the handler's task is cancelled and the client gets DEADLINE_EXCEEDED.
    public var timeout: Duration? { handle.call.head.timeout }

    /// How much of ``timeout`` is left, never less than zero; nil without a limit.
    ///
    /// What a handler that calls other services gives them at most.
    public var timeRemaining: Duration? {
        handle.call.deadline.map { deadline in max(.zero, .nanoseconds(deadline.nanoseconds(since: handle.now))) }
    }

    /// Whether the call is over although its handler may still run: nobody gets what it sends.
    ///
    /// The client cancelled or is gone, the deadline passed, or a stream stalled. The handler's task is cancelled then, so
    /// `Task.isCancelled`, `withTaskCancellationHandler` and everything that waits in the task notice; this is for work
    /// that was handed to other threads. False after a handler's own return.
    public var isCancelled: Bool { endError != nil }

    /// Why the call is over, if ``isCancelled``: what a send would throw.
    ///
    /// For an interceptor that reports outcomes: a call that ended this way has this status, whatever its handler did.
    public var endError: RPCError? { handle.cancellation }
}
