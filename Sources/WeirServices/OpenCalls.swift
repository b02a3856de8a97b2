// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import WeirRPC
internal import WeirServer

/// Calls that do not end by themselves, so that a drain can end them.
final class OpenCalls: Sendable {
    private struct State {
        var calls: [UInt64: CallContext] = [:]
        var lastNumber: UInt64 = 0
        var isDraining = false
    }

    private let limit: Int
    private let state = Mutex(State())

    /// Makes a register of so many calls at most.
    init(limit: Int) {
        self.limit = limit
    }

    /// Runs a call's `body`; when the server drains, its task is cancelled and the call ends with UNAVAILABLE.
    ///
    /// - Throws: RESOURCE_EXHAUSTED with too many calls, and what `body` throws.
    nonisolated(nonsending) func run(
        _ context: CallContext, _ body: nonisolated(nonsending) () async throws -> Void
    ) async throws {
        let number = try begin(context)
        defer { state.withLock { _ = $0.calls.removeValue(forKey: number) } }
        do {
            try await body()
        } catch {
            throw isDraining ? ServiceEnd.shuttingDown : error
        }
    }

    private func begin(_ context: CallContext) throws(RPCError) -> UInt64 {
        let (number, isDraining) = state.withLock { state -> (UInt64?, Bool) in
            guard !state.isDraining, state.calls.count < limit else { return (nil, state.isDraining) }
            state.lastNumber += 1
            state.calls[state.lastNumber] = context
            return (state.lastNumber, false)
        }
        if let number { return number }
        guard !isDraining else { throw ServiceEnd.shuttingDown }
        throw RPCError(.resourceExhausted, "\(limit) streams of this method are open already, as many as are allowed")
    }

    private var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Calls that run at the moment.
    var count: Int { state.withLock { $0.calls.count } }

    /// Ends all calls, and lets none begin.
    func drain() {
        let calls = state.withLock { state in
            state.isDraining = true
            return Array(state.calls.values)
        }
        for call in calls { call.cancelHandler() }
    }
}
