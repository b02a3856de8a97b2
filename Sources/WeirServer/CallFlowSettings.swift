// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
public import WeirRPC
internal import WeirTransport

/// How patient the server is with the client of one call; see ``CallContext/updateFlow(_:)``.
public struct CallFlowSettings: Sendable, Hashable {
    /// A stream that is blocked for this long without a byte of progress is cancelled.
    public var stallDeadline: Duration
    /// As ``stallDeadline``, once the handler has returned and the rest of its response is unsent.
    public var tailDeadline: Duration
    /// A stream on which nothing is to be sent and nothing was received for this long is cancelled; nil: never.
    public var idleDeadline: Duration?
    /// The least that the client must read while it keeps the stream waiting; nil: a byte per ``stallDeadline`` is enough.
    public var minimumRate: MinimumRate?

    /// What is wrong with the settings; nil when nothing is.
    var problem: String? {
        if stallDeadline <= .zero { return "stallDeadline must be longer than 0s" }
        if tailDeadline <= .zero { return "tailDeadline must be longer than 0s" }
        if let idleDeadline, idleDeadline <= .zero { return "idleDeadline must be longer than 0s; nil is never" }
        return minimumRate?.problem
    }

    init(_ settings: FlowSettings) {
        stallDeadline = settings.stallDeadline
        tailDeadline = settings.tailDeadline
        idleDeadline = settings.idleDeadline
        minimumRate = settings.minimumRate
    }

    /// Writes these into the engine's settings, and leaves what has no place here as it is.
    func apply(to settings: inout FlowSettings) {
        settings.stallDeadline = stallDeadline
        settings.tailDeadline = tailDeadline
        settings.idleDeadline = idleDeadline
        settings.minimumRate = minimumRate
    }
}

extension CallContext {
    /// The deadlines that apply to this call now.
    ///
    /// Suspends only when asked for from outside the connection's event loop.
    public var flow: CallFlowSettings {
        get async { await handle.readOnLoop { call in CallFlowSettings(call.flow) } }
    }

    /// Changes the deadlines of this call, and of no other.
    ///
    /// Takes effect at once: a stream that is blocked for longer than the new deadline is cancelled before the loop's turn
    /// ends. While the connection's socket takes nothing at all, the server's ``ServerConfiguration/stallDeadline`` decides,
    /// because then all calls of the connection end together. Without effect once the call is over.
    ///
    /// Suspends only when called from outside the connection's event loop; `change` runs on the loop and must not block.
    ///
    /// - Throws: ``WeirRPC/RPCError`` (INTERNAL), and nothing is changed, when a deadline is not longer than zero.
    public nonisolated(nonsending) func updateFlow(
        _ change: @escaping @Sendable (inout CallFlowSettings) -> Void
    ) async throws {
        try await handle.callOnLoop { call in
            var settings = CallFlowSettings(call.flow)
            change(&settings)
            if let problem = settings.problem { throw RPCError(.internalError, problem) }
            var flow = call.flow
            settings.apply(to: &flow)
            if flow != call.flow { call.flow = flow }
        }
    }
}
