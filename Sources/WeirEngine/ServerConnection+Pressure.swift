// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// What happens when there is no room for what clients send.
extension ServerConnection {
    /// The process cannot hold even this connection's first window.
    func refuse() {
        releaseOutput()
        session.terminate(code: .enhanceYourCalm)
        act(.report(.connectionRefused(reason: "the receive budget has no room for another connection")))
    }

    /// When something about received bytes is due: to ask the process's budget again, or to shed a request.
    var receiveInstant: MonotonicInstant? {
        var earliest = receiveStuckSince.map { $0 + configuration.receivePressure }
        if session.receiving.awaitsProcess { earliest = min(earliest ?? .distantFuture, now + Self.budgetRetry) }
        return earliest
    }

    /// Notes since when nothing arrives because the window is as good as closed by bytes whose credit is owed.
    ///
    /// That, and that nothing is read while replies pile up, does not count against the peer's requests.
    func noteReceivePressure() {
        let isFull =
            session.receiving.owedBytes > 0 && session.libraryReceiveWindow().openBytes < Self.smallestOpenBytes
        receiveClock.setStopped(isFull || session.hasTooManyReplies, at: now)
        guard isFull else {
            receiveStuckSince = nil
            return
        }
        if receiveStuckSince == nil || receiveStuckBytes != session.receiving.heldBytes {
            receiveStuckSince = now
            receiveStuckBytes = session.receiving.heldBytes
        }
    }

    /// A peer with less window than this may prefer to wait for more.
    static let smallestOpenBytes = 16 * 1024

    func receiveTimerFired() {
        session.retryReceiving()
        guard let since = receiveStuckSince, since + configuration.receivePressure <= now else { return }
        noteReceivePressure()
        guard receiveStuckSince != nil else { return }
        receiveStuckSince = nil
        shedRequest()
    }

    /// Ends the request that holds most, when every held byte belongs to a request that waits for its rest.
    ///
    /// Such requests wait for credit that only they could free, so without this all of them would wait for ever. As long as
    /// some handler has messages to take, it is the handler's turn.
    private func shedRequest() {
        var largest: ServerCall?
        for stream in session.streams.values where stream.receiveCredit.heldBytes > 0 {
            guard let call = stream.owner as? ServerCall, call.waitsForRequest else { return }
            let most = largest?.stream.receiveCredit.heldBytes ?? 0
            let held = stream.receiveCredit.heldBytes
            let youngest = largest?.stream.id.rawValue ?? 0
            if held > most || (held == most && stream.id.rawValue > youngest) { largest = call }
        }
        guard let call = largest else { return }
        act(.report(.refused(reason: "a request was shed: no room for the rest of the requests of its connection")))
        fail(
            call,
            Status(
                code: .resourceExhausted, message: "the server has no room for the rest of the request",
                details: [
                    .errorInfo(ErrorInfo(reason: "SHED_MEMORY")),
                    .retryInfo(RetryInfo(retryDelay: configuration.stallRetryDelay)),
                ]))
    }
}

extension ServerCall {
    /// Whether somebody waits for a message that has not arrived whole.
    fileprivate var waitsForRequest: Bool {
        route.method.kind.streamsRequests ? requestWaiter != nil : !stream.requestEnded
    }
}
