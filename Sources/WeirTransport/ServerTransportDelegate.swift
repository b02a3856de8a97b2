// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import WeirEngine

/// What the server does for its transport.
///
/// All calls come on a connection's loop and must not block.
package protocol ServerTransportDelegate: AnyObject, Sendable {
    /// A call's request is complete: start its handler and put the task into `handle.task`.
    func startHandler(_ handle: CallHandle, request: ByteBuffer)
    /// Something an operator wants to read about happened.
    func report(_ report: ServerConnectionReport, remoteAddress: SocketAddress?)
}
