// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirHTTP2
package import WeirRPC

/// What the driver has to do.
///
/// Actions are collected while the engine runs and carried out after it has been left, because resuming a task or
/// cancelling one runs other people's code.
package enum ServerConnectionAction {
    /// Run the call's handler: its request is complete, or, with nil, is a stream of which it asks for each message.
    case startHandler(ServerCall, request: ByteBuffer?)
    /// A sender that was suspended may go on, or is told why not.
    case resumeSender(SendWaiter, SendOutcome)
    /// A handler that asked for a request message is answered.
    case resumeReceiver(RequestWaiter, RequestOutcome)
    /// The call is over before its handler is: cancel the handler's task.
    case cancelHandler(ServerCall)
    /// A stream's blocked cause changed: tell who watches it; nil when its call is over.
    case flowChanged([FlowObserver], StreamFlow?)
    /// Something that an operator wants to read about happened.
    case report(ServerConnectionReport)
    /// Send what is left of the output, then close the connection.
    case close
    /// Close the connection at once: its output cannot be sent.
    case abort
}

/// What a handler that asks for the next request message is told.
package enum RequestOutcome: Sendable {
    /// The next message, without its prefix; its credit goes back to the client.
    case message(ByteBuffer)
    /// As ``message(_:)``, but compressed as the request's header fields say; whoever takes it decompresses it.
    case compressed(ByteBuffer)
    /// The client has ended its side, and all messages were taken.
    case ended
    /// There will be no message any more.
    case failed(RPCError)
}

/// A handler that waits for the next request message.
package final class RequestWaiter {
    /// Called once, after the engine has been left.
    package let resume: (RequestOutcome) -> Void

    /// Makes a waiter.
    package init(resume: @escaping (RequestOutcome) -> Void) {
        self.resume = resume
    }
}

/// Something an operator wants to read about.
package enum ServerConnectionReport: Sendable {
    /// A stream was cut because its peer was too slow; the report says by which rule.
    case stalled(method: String, stream: HTTP2StreamID, report: StreamStalled)
    /// A stream was ended because nothing happened on it for as long as its idle deadline.
    case idle(method: String, stream: HTTP2StreamID, idleFor: Duration)
    /// The connection was closed because the kernel took nothing for too long.
    case connectionStalled(seconds: Double, streams: Int)
    /// The connection was closed to free memory: its socket took nothing while the send budget was used up.
    case connectionShed(seconds: Double, streams: Int, heldBytes: Int)
    /// The connection was closed because its peer did not finish what it had begun to send; the reason says what.
    case inputTimedOut(code: HTTP2ErrorCode, reason: String, streams: Int)
    /// A call was ended because its client did not finish the request.
    case requestStalled(method: String, stream: HTTP2StreamID, report: RequestStalled)
    /// The peer broke the protocol.
    case protocolError(HTTP2Error)
    /// The connection was refused at once.
    case connectionRefused(reason: String)
    /// Metadata that a handler sent was larger than its client takes, in bytes, and was not sent.
    case fieldsTooLarge(method: String, stream: HTTP2StreamID, bytes: Int, limit: Int)
    /// A request was refused before it became a call.
    case refused(reason: String)
}
