// SPDX-License-Identifier: Apache-2.0

/// A service that tells clients about its server, and takes part in its life: health, reflection and the like.
///
/// One may be served by several servers at once.
public protocol AttachedService: Service {
    /// A server was made that serves this service; what else it serves is known.
    ///
    /// Called once for each server, before it listens.
    func attach(to server: AttachedServer)

    /// The server begins to drain: its connections are told right after this returns, so it must not block.
    ///
    /// Streams that do not end by themselves are to be ended here, or the drain waits for its grace period. Called once for
    /// each server that drains.
    func serverWillDrain()
}

extension AttachedService {
    /// Does nothing.
    public func serverWillDrain() {}
}
