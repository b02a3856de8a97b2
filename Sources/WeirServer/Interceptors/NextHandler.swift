// SPDX-License-Identifier: Apache-2.0

/// The rest of a call's way to its handler, as an interceptor sees it.
public struct NextHandler: Sendable {
    let body: MethodBody
    let index: Int

    /// Runs the inner interceptors and the handler to their end.
    ///
    /// To be called once for a call, with the context that the interceptor got or a changed copy of it.
    ///
    /// Suspends as the handler does. Cancel safety: the handler's.
    ///
    /// - Throws: what they throw; INTERNAL when the handler has begun before.
    public nonisolated(nonsending) func callAsFunction(_ context: CallContext) async throws {
        try await body.run(context, from: index)
    }
}
