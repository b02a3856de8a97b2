// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirHTTP2

/// What the connections of one event loop share.
///
/// Confined to that loop.
final class LoopContext {
    let executor: LoopExecutor
    /// The loop's open connections.
    var connections: [ObjectIdentifier: ServerConnectionHandler] = [:]
    /// One buffer for frames on their way to the socket: a connection needs it only while it writes.
    var spareOutput = ByteBuffer()
    /// Buffers in which messages wait for their frames.
    let spares = BufferPool()

    init(executor: LoopExecutor) {
        self.executor = executor
    }
}
