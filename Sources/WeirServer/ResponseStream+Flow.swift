// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
internal import WeirProtobuf
public import WeirRPC
internal import WeirTransport

/// Watching how a stream gets on.
extension ResponseStream {
    /// How the stream gets on now: windows, what is queued, what waits, and why.
    ///
    /// Suspends only when asked for from outside the connection's event loop.
    public var flow: StreamFlow {
        get async {
            let handle = call.handle
            return await handle.readOnLoop { call in call.streamFlow(at: handle.now) }
        }
    }

    /// The changes of the stream's blocked cause, from now until the call ends.
    ///
    /// See ``StreamFlowChanges``.
    public var flowChanges: StreamFlowChanges { StreamFlowChanges(handle: call.handle) }
}
