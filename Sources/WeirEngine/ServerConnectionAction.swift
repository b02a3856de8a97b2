// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirHTTP2
package import WeirRPC

/// What the driver has to do.
///
/// Actions are collected while the engine runs and carried out after it has been left, because resuming a task or
/// cancelling one runs other people's code.
package enum ServerConnectionAction {
    /// The call's request is complete: run its handler.
    case startHandler(ServerCall, request: ByteBuffer)
    /// A sender that was suspended may go on, or is told why not.
    case resumeSender(SendWaiter, SendOutcome)
    /// The call is over before its handler is: cancel the handler's task.
    case cancelHandler(ServerCall)
    /// Something that an operator wants to read about happened.
    case report(ServerConnectionReport)
    /// Send what is left of the output, then close the connection.
    case close
    /// Close the connection at once: its output cannot be sent.
    case abort
}

/// What a suspended sender is told.
package enum SendOutcome: Sendable {
    /// There is room for its message, and it must write it now.
    case granted
    /// The message was not sent, and never will be.
    case failed(RPCError)
}

/// A sender that waits for room for one message.
package final class SendWaiter {
    /// The message's size with its prefix, in bytes.
    package let byteCount: Int
    /// Called once, after the engine has been left.
    package let resume: (SendOutcome) -> Void

    /// Makes a waiter for a message of this size.
    package init(byteCount: Int, resume: @escaping (SendOutcome) -> Void) {
        self.byteCount = byteCount
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
    /// The peer broke the protocol.
    case protocolError(HTTP2Error)
    /// A request was refused before it became a call.
    case refused(reason: String)
}
