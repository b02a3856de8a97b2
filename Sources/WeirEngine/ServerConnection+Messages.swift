// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2
internal import WeirRPC

/// The deadline of a message in a request that is a stream.
///
/// Between messages nothing is timed. Of a message that has begun, the rest is due as that of a whole request is, from when it
/// stands first: what lies behind messages that the handler has not taken is waited for by nobody.
extension ServerConnection {
    /// Bytes of the request arrived, or its handler asked for a message that is not whole.
    ///
    /// The stream is looked at before the turn ends, at the time of that: a handler asks at any time.
    func messageMoved(_ call: ServerCall, _ count: Int) {
        guard unsafe call.requestDue != .distantFuture || call.deframer.missingBytes > 0 else { return }
        call.messageBytesToLookAt = (call.messageBytesToLookAt ?? 0) + count
        session.touch(call.stream)
        outputIsWanted()
    }

    /// Starts, moves, stops or ends the clock of the message that stands first.
    func lookAtMessage(of call: ServerCall) {
        guard let count = call.messageBytesToLookAt.take() else { return }
        let missing = unsafe call.deframer.missingBytes
        guard call.isOpen, !call.stream.requestEnded, missing > 0 else {
            call.requestDue = .distantFuture
            call.requestHeldSince = nil
            return
        }
        if call.requestDue == .distantFuture {
            requestBegan(call)
        } else {
            setHeld(false, call)
            requestMoved(call, count)
        }
        setHeld(isHeld(call, missing), call)
    }

    /// Whether the client waits for the server, and not the other way round: nobody asks for the message, and what is left of
    /// the stream's window is so little that a client may prefer to wait for more.
    private func isHeld(_ call: ServerCall, _ missing: Int) -> Bool {
        guard call.requestWaiter == nil else { return false }
        return session.libraryReceiveWindow(of: call.stream).openBytes < min(missing, Self.smallestOpenBytes)
    }

    /// Stops the message's clock, or lets it run on.
    private func setHeld(_ isHeld: Bool, _ call: ServerCall) {
        let time = receiveClock.time(at: now)
        if let since = call.requestHeldSince {
            let held = time.nanoseconds(since: since)
            call.requestBeganAt = call.requestBeganAt.advanced(byNanoseconds: held)
            call.requestDue = call.requestDue.advanced(byNanoseconds: held)
        }
        call.requestHeldSince = isHeld ? time : nil
    }
}
