// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import Synchronization
package import WeirEngine
package import WeirHTTP2

/// A call as its handler holds it: usable from any task and thread.
///
/// `@unchecked Sendable`: the call is only touched on the loop. ``isOnLoop`` is checked before each direct use, and
/// everything else goes through ``onLoop(_:)``. ``request`` is set before the handler's task is made, and then is the task's.
package final class CallHandle: @unchecked Sendable {
    /// The call; to be used on the loop only.
    package let call: ServerCall
    /// Where handlers of this connection run.
    package let executor: any CallExecutor
    /// The peer's address.
    package let remoteAddress: SocketAddress?
    /// The number of the connection within the process.
    package let connectionID: UInt64
    /// The request's message until the handler has decoded it; afterwards nobody needs its bytes.
    package var request: ByteBuffer?
    /// Whether ``request`` came compressed; set with it.
    package var requestIsCompressed = false
    /// The handler's task, set on the loop.
    package var task: Task<Void, Never>?
    /// What the call passed, or waits at, before its handler; only on the loop.
    package var gate: (any CallGate)?
    /// Who waits until all that was handed over is written; set and called on the loop.
    var onHandedOverWritten: (() -> Void)?
    /// Messages on their way from other threads to the loop, and the end of the call as other threads know it.
    let handOver: HandOver
    /// Whether the call was over before its handler was.
    let wasCancelled = Atomic<Bool>(false)

    /// Makes the handle of a call; `executor` is where its connection lives.
    package init(
        call: ServerCall, executor: any CallExecutor, remoteAddress: SocketAddress?, connectionID: UInt64
    ) {
        self.call = call
        self.executor = executor
        self.remoteAddress = remoteAddress
        self.connectionID = connectionID
        handOver = HandOver(
            budget: call.processBudget, maximumMessageBytes: call.maximumMessageBytes)
    }

    /// Whether the current thread is the connection's loop, so that ``call`` may be used directly.
    @inline(__always)
    package var isOnLoop: Bool { executor.isCurrent }

    /// Runs `body` on the loop, now if this is the loop.
    package func onLoop(_ body: @escaping @Sendable (ServerCall) -> Void) {
        if isOnLoop { body(call) } else { executor.execute { body(self.call) } }
    }

    /// Runs `body` on the loop and returns what it returns.
    ///
    /// Suspends when called from elsewhere.
    package nonisolated(nonsending) func callOnLoop<Result: Sendable>(
        _ body: @escaping @Sendable (ServerCall) throws -> Result
    ) async throws -> Result {
        if isOnLoop { return try body(call) }
        return try await withCheckedThrowingContinuation { continuation in
            executor.execute { continuation.resume(with: Swift.Result { try body(self.call) }) }
        }
    }

    /// As ``callOnLoop(_:)``, for what cannot fail.
    package nonisolated(nonsending) func readOnLoop<Result: Sendable>(
        _ body: @escaping @Sendable (ServerCall) -> Result
    ) async -> Result {
        if isOnLoop { return body(call) }
        return await withCheckedContinuation { continuation in
            onLoop { call in continuation.resume(returning: body(call)) }
        }
    }

    /// The time by which the connection's deadlines are measured.
    package var now: MonotonicInstant { executor.now }
}
