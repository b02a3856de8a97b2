// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import WeirHTTP2
package import WeirRPC

/// Senders that wait for room, in the order they came.
///
/// The first one's message is presented to the flow controller. Each waiter leaves the queue in exactly one place, and is
/// resumed once, by an action that is carried out after the engine has been left.
extension ServerCall {
    /// Most senders that may wait on one stream: tasks of the application, each with its message.
    package static var maximumWaiters: Int { 1024 }

    /// Waits for room; the waiter's `resume` is called once, later.
    ///
    /// - Parameter isBounded: whether somebody else bounds the number of such waiters.
    package func wait(_ waiter: SendWaiter, isBounded: Bool = false) {
        guard isOpen else {
            connection.act(.resumeSender(waiter, .failed(error)))
            return
        }
        guard unsafe isBounded || waiters.count < Self.maximumWaiters else {
            let text = "\(Self.maximumWaiters) sends wait on this stream already; await some before starting more"
            connection.act(.resumeSender(waiter, .failed(RPCError(.resourceExhausted, text))))
            return
        }
        unsafe waiters.append(waiter)
        if waiter.deadline < sendDeadline {
            sendDeadline = waiter.deadline
            connection.session.touch(stream)
            connection.outputIsWanted()
        }
        // While a grant is unused the stream's room is its; redeeming it presents the next.
        if unsafe waiters.count == 1, !stream.isGranted { presentFirstWaiter() }
    }

    /// The sender's task was cancelled: it stops waiting, unless it was told to go on already.
    package func stopWaiting(_ waiter: SendWaiter, _ error: RPCError) {
        guard let index = unsafe waiters.firstIndex(where: { $0 === waiter }) else { return }
        unsafe waiters.remove(at: index)
        waiterLeft(waiter)
        if index == 0, !stream.isGranted {
            forgetMessage()
            presentFirstWaiter()
        }
        connection.act(.resumeSender(waiter, .failed(error)))
    }

    /// A sender that was told `granted` takes its room, and then writes.
    ///
    /// - Throws: the call ended in between.
    package func redeem() throws(RPCError) {
        guard isOpen else { throw error }
        guard connection.session.flow.redeemGrant(on: stream) else {
            throw RPCError(.internalError, "room for a message was given up before it was used")
        }
        presentFirstWaiter()
    }

    private func presentFirstWaiter() {
        guard let first = unsafe waiters.first else {
            connection.session.touch(stream)
            return
        }
        // The rest of the windows was held back long enough for the message that was refused before this one.
        let holdBackIsOver = remembersOffer && stream.holdBackIsOver
        remembersOffer = false
        connection.session.flow.startWaiting(first.byteCount, on: stream)
        if holdBackIsOver { stream.holdBackIsOver = true }
        connection.session.touch(stream)
        connection.outputIsWanted()
    }

    /// Room was set aside for the first waiter's message.
    func grantFirstWaiter() {
        guard let waiter = unsafe waiters.popFirst() else {
            // Nobody waits with the message that was refused: there is room now, for whoever comes first.
            remembersOffer = false
            returnGrant()
            return
        }
        waiterLeft(waiter)
        if !waiter.claimsRoom {
            returnGrant()
            presentFirstWaiter()
        }
        connection.act(.resumeSender(waiter, .granted))
    }

    private func returnGrant() {
        connection.session.flow.returnGrant(on: stream)
        connection.session.connectionWindowChanged = true
    }

    /// Ends the waits whose deadline has passed; the stream lives on.
    func expireWaiters(at now: MonotonicInstant) {
        guard sendDeadline <= now else { return }
        let flow = streamFlow(at: now)
        let presentedExpired = unsafe !stream.isGranted && (waiters.first.map { $0.deadline <= now } ?? false)
        for waiter in unsafe waiters where waiter.deadline <= now {
            let report = SendTimedOut(
                waitedFor: .nanoseconds(now.nanoseconds(since: waiter.since)), messageBytes: waiter.byteCount, flow)
            connection.act(.resumeSender(waiter, .failed(report.error)))
        }
        unsafe waiters.removeAll { $0.deadline <= now }
        sendDeadline = unsafe waiters.lazy.map(\.deadline).min() ?? .distantFuture
        guard presentedExpired else { return }
        // The stream keeps its stall clock: a sender that tries again and again does not hide a reader that stopped.
        if unsafe waiters.isEmpty { remembersOffer = true } else { presentFirstWaiter() }
        connection.session.connectionWindowChanged = true
    }

    /// What a sender is told whose message of `byteCount` bytes found no room before its deadline.
    package func timedOut(_ byteCount: Int, since: MonotonicInstant, at now: MonotonicInstant) -> RPCError {
        SendTimedOut(
            waitedFor: .nanoseconds(now.nanoseconds(since: since)), messageBytes: byteCount + MessagePrefix.byteCount,
            streamFlow(at: now)
        ).error
    }

    /// Nobody waits any more: the call is over.
    func failWaiters() {
        while let waiter = unsafe waiters.popFirst() {
            connection.act(.resumeSender(waiter, .failed(error)))
        }
        sendDeadline = .distantFuture
        forgetMessage()
        endObservers()
    }

    /// A waiter left the queue.
    private func waiterLeft(_ waiter: SendWaiter) {
        guard waiter.deadline != .distantFuture, waiter.deadline == sendDeadline else { return }
        sendDeadline = unsafe waiters.lazy.map(\.deadline).min() ?? .distantFuture
    }

    /// Takes the message that waits, or that was refused, out of the flow controller.
    func forgetMessage() {
        remembersOffer = false
        guard stream.waitingBytes > 0 else { return }
        let session = connection.session
        session.flow.abandonWaiting(on: stream)
        // DATA that was put off may stand in the queue for connection credit too, and nobody else would resume it.
        if !stream.isDeferred || stream.queue.isEmpty { session.flow.leaveQueues(stream) }
        // Whoever stands behind it may be content with less credit.
        session.connectionWindowChanged = true
    }
}

extension SendTimedOut {
    fileprivate init(waitedFor: Duration, messageBytes: Int, _ flow: StreamFlow) {
        self.init(
            waitedFor: waitedFor, cause: flow.blockedCause, messageBytes: messageBytes, queuedBytes: flow.queuedBytes,
            streamWindowBytes: flow.streamWindowBytes, connectionWindowBytes: flow.connectionWindowBytes)
    }
}
