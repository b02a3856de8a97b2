// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import WeirHTTP2
package import WeirRPC

/// What a handler sees of its stream's flow, and the deadlines that it sets.
extension ServerCall {
    /// The deadlines that apply: those the handler chose, its method's, or the connection's.
    ///
    /// A change takes effect at once: what is due by it is looked at again before the loop's turn ends.
    package var flow: FlowSettings {
        get { flowOverride?.flow ?? route.flow ?? connection.configuration.flow }
        set {
            if let flowOverride { flowOverride.flow = newValue } else { flowOverride = FlowOverride(newValue) }
            connection.flowChanged(self)
        }
    }

    /// How the stream gets on.
    package func streamFlow(at now: MonotonicInstant) -> StreamFlow {
        let connectionWindow = connection.session.flow.window
        let cause = isOpen || stream.hasUnsentOutput ? currentBlockedCause : nil
        var waitingBytes = 0
        for waiter in unsafe waiters where waiter.claimsRoom { waitingBytes += waiter.byteCount }
        if stream.isGranted || remembersOffer { waitingBytes += stream.waitingBytes }
        let since = stream.stall.cause == nil ? now : stream.stall.blockedSince
        return StreamFlow(
            streamWindowBytes: stream.window.bytes, connectionWindowBytes: connectionWindow.bytes,
            queuedBytes: stream.queue.byteCount, waitingBytes: waitingBytes,
            blockedCause: cause.map { StreamStalled.Cause($0) },
            blockedFor: cause == nil ? .zero : .nanoseconds(now.nanoseconds(since: since)), messagesSent: messagesSent)
    }

    private var currentBlockedCause: BlockedCause? {
        stream.hasUnsentOutput ? connection.session.flow.blockedCause(of: stream) : nil
    }

    // MARK: - Observers

    /// Most observers of one stream.
    package static var maximumFlowObservers: Int { 8 }

    /// Begins to tell an observer of changes; it starts out from "not blocked".
    ///
    /// Returns false, and does not keep the observer, when the call is over or has ``maximumFlowObservers``.
    package func addObserver(_ observer: FlowObserver) -> Bool {
        guard isOpen, flowObservers.count < Self.maximumFlowObservers else { return false }
        if flowObservers.isEmpty { observedCause = stream.stall.cause }
        flowObservers.append(observer)
        if observedCause != nil { connection.act(.flowChanged([observer], streamFlow(at: connection.now))) }
        return true
    }

    /// Stops telling an observer.
    package func removeObserver(_ observer: FlowObserver) {
        flowObservers.removeAll { $0 === observer }
    }

    /// Stops telling an owner's observers.
    package func removeObservers(of owner: ObjectIdentifier) {
        flowObservers.removeAll { $0.owner == owner }
    }

    /// The stream was looked at: if its blocked cause changed, who watches it is told.
    func tellObservers() {
        guard !flowObservers.isEmpty, stream.stall.cause != observedCause else { return }
        observedCause = stream.stall.cause
        connection.act(.flowChanged(flowObservers, streamFlow(at: connection.now)))
    }

    func endObservers() {
        guard !flowObservers.isEmpty else { return }
        connection.act(.flowChanged(flowObservers, nil))
        flowObservers = []
    }
}
