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
    /// A stream's blocked cause changed: tell who watches it; nil when its call is over.
    case flowChanged([FlowObserver], StreamFlow?)
    /// Something that an operator wants to read about happened.
    case report(ServerConnectionReport)
    /// Send what is left of the output, then close the connection.
    case close
    /// Close the connection at once: its output cannot be sent.
    case abort
}

/// Something an operator wants to read about.
package enum ServerConnectionReport: Sendable {
    /// A stream was cut because its peer took nothing for too long.
    case stalled(method: String, stream: HTTP2StreamID, report: StreamStalled)
    /// The connection was closed because the kernel took nothing for too long.
    case connectionStalled(seconds: Double, streams: Int)
    /// The peer broke the protocol.
    case protocolError(HTTP2Error)
    /// A request was refused before it became a call.
    case refused(reason: String)
}
