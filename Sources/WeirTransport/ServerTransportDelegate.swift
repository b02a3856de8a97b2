// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirEngine

/// What the server does for its transport.
///
/// All calls come on a connection's loop and must not block.
package protocol ServerTransportDelegate: AnyObject, Sendable {
    /// Start the call's handler and put the task into `handle.task`.
    ///
    /// The request is complete, or nil: then it is a stream, of which the handler asks the call for each message.
    func startHandler(_ handle: CallHandle, request: ByteBuffer?)
    /// Something an operator wants to read about happened.
    func report(_ report: ServerConnectionReport, remoteAddress: SocketAddress?)
}
