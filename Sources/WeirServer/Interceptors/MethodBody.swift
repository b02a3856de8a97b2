// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC

/// What runs when a method is called: its handler, with the interceptors that apply to it around.
final class MethodBody: Sendable {
    /// The outermost first.
    private let interceptors: [any ServerInterceptor]
    let handler: any MethodHandler
    /// What calls pass before any of it runs; nil: they all run.
    let admission: MethodAdmission?

    init(
        _ handler: any MethodHandler, interceptors: [any ServerInterceptor], admission: MethodAdmission? = nil
    ) {
        self.handler = handler
        self.admission = admission
        self.interceptors = interceptors
    }

    /// Whether the handler is all there is.
    var isPlain: Bool { interceptors.isEmpty }

    /// Runs the interceptors and, through them, the handler.
    nonisolated(nonsending) func runIntercepted(_ context: CallContext) async throws {
        try await run(context, from: 0)
        guard context.state.handlerHasBegun else {
            throw RPCError(.internalError, "an interceptor returned without calling the next one or throwing")
        }
    }

    /// Runs what follows on the first `index` interceptors.
    nonisolated(nonsending) func run(_ context: CallContext, from index: Int) async throws {
        guard index < interceptors.count else {
            guard context.state.beginHandler() else {
                throw RPCError(.internalError, "an interceptor called the next one twice; a call has one handler")
            }
            return try await handler.run(context)
        }
        try await interceptors[index].intercept(context, next: NextHandler(body: self, index: index + 1))
    }
}
