// SPDX-License-Identifier: Apache-2.0

import Synchronization
import WeirRPC
import WeirServer

/// Who calls, for the handler.
enum UserKey: ContextKey { typealias Value = String }

/// Reads a token from the metadata and hands on whose it is; lets calls without one pass.
struct Authenticating: ServerInterceptor {
    func intercept(_ context: CallContext, next: NextHandler) async throws {
        guard let token = context.metadata[string: "authorization"] else { return try await next(context) }
        guard token.utf8.count < 4_096 else { throw RPCError(.unauthenticated, "the token is too long") }
        var context = context
        context[UserKey.self] = token
        try await next(context)
    }
}

/// Counts calls by their outcome.
final class Counting: ServerInterceptor {
    private let succeeded = Atomic<Int>(0)
    private let failed = Atomic<Int>(0)

    func intercept(_ context: CallContext, next: NextHandler) async throws {
        do {
            try await next(context)
            succeeded.wrappingAdd(1, ordering: .relaxed)
        } catch {
            failed.wrappingAdd(1, ordering: .relaxed)
            throw error
        }
    }
}
