// SPDX-License-Identifier: Apache-2.0

import NIOPosix

extension NIOThreadPool {
    /// Runs a short blocking piece of work on a thread of the pool, and suspends until it is done.
    ///
    /// Used in place of NIO's `runIfActive`, which says `CancellationError` both for a cancelled task and for a pool
    /// that was stopped, and which remembers for ever the number of each piece of work that was cancelled while it ran:
    /// clients that cancel their streams would make that grow. Work that was begun is not interrupted, so keep it short
    /// and check for cancellation between two pieces.
    ///
    /// Throws what `body` throws, and ``DatasetError/unavailable(_:)`` when the pool does not run.
    func runBlocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(DatasetError) -> Value
    ) async throws(DatasetError) -> Value {
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Outcome<Value>, Never>) in
            submit { state in
                switch state {
                case .active: continuation.resume(returning: Outcome(catching: body))
                case .cancelled: continuation.resume(returning: .failure(.unavailable("the service is stopping")))
                }
            }
        }
        return try result.get()
    }

    private typealias Outcome<Value: Sendable> = Result<Value, DatasetError>
}
