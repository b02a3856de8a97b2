// SPDX-License-Identifier: Apache-2.0

package import WeirHTTP2
internal import WeirRPC

/// How a connection comes to its end on purpose (RFC 9113 §6.8).
extension ServerConnection {
    /// Takes no new calls and lets those that are there end: GOAWAY with the highest number and a PING, so that requests
    /// that are on their way still arrive, then GOAWAY with the last one accepted.
    package func beginDrain(at now: MonotonicInstant) {
        self.now = now
        guard !isDraining, !isClosed else { return }
        isDraining = true
        releaseOutput()
        lastGoAwayAt = now + configuration.drainAcknowledgement
        session.submitShutdownNotice()
        session.submitPing(.drain)
        settle()
        outputIsWanted()
    }

    func sendLastGoAway() {
        lastGoAwayAt = nil
        session.submitGoAway(code: .noError)
        outputIsWanted()
    }

    /// Ends every call now with UNAVAILABLE: the grace period is over.
    package func cutCalls(at now: MonotonicInstant) {
        self.now = now
        guard !isClosed else { return }
        releaseOutput()
        for stream in session.orderedStreams() {
            guard let call = stream.owner as? ServerCall else {
                session.submitReset(stream, code: .cancel)
                continue
            }
            fail(
                call,
                Status(
                    code: .unavailable, message: "the server is shutting down",
                    details: [
                        .errorInfo(ErrorInfo(reason: "SHUTTING_DOWN"))
                    ]))
        }
        if lastGoAwayAt != nil || !isDraining { sendLastGoAway() }
        isDraining = true
        settle()
        outputIsWanted()
    }
}
