// SPDX-License-Identifier: Apache-2.0

package import WeirRPC

/// Request messages of a call whose request is a stream, handed out one at a time and only when asked for.
///
/// What is not asked for stays in the engine, and its stream credit with it: a handler that does not read stops its client.
extension ServerCall {
    /// The next request message, or the end, if it is there; nil when it has to be waited for with ``requestNext(_:)``.
    ///
    /// A message that was returned is taken: its credit goes back. After the end the answer stays `ended`, and once the call
    /// is over it is `failed`. At most one ask may wait at a time; a second fails and leaves the first alone.
    package func requestNow() -> RequestOutcome? {
        if requestWaiter != nil { return .failed(Self.secondAsk) }
        let outcome = connection.takeRequest(of: self)
        connection.requestWasTaken()
        return outcome
    }

    /// Asks for the next request message; the waiter's `resume` is called once, now or later.
    ///
    /// As long as the ask stands, the client is given the credit it needs to finish a message that has begun.
    package func requestNext(_ waiter: RequestWaiter) {
        if requestWaiter != nil {
            connection.act(.resumeReceiver(waiter, .failed(Self.secondAsk)))
        } else if let outcome = connection.takeRequest(of: self) {
            connection.act(.resumeReceiver(waiter, outcome))
        } else {
            requestWaiter = waiter
            connection.requestIsWanted(on: self)
            connection.messageMoved(self, 0)
        }
        connection.requestWasTaken()
    }

    /// The asking task was cancelled: its waiter fails, unless it was answered already.
    ///
    /// No message is lost: one that was not handed out is there for the next ask, and an answer that is on its way arrives.
    package func stopAsking(_ waiter: RequestWaiter, _ error: RPCError) {
        guard requestWaiter === waiter else { return }
        requestWaiter = nil
        connection.act(.resumeReceiver(waiter, .failed(error)))
    }

    private static let secondAsk = RPCError(
        .internalError, "a request message was asked for while an earlier ask still waited; ask for one at a time")
}
