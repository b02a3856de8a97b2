// SPDX-License-Identifier: Apache-2.0

public import WeirRPC

/// Code that runs around every call it applies to: before the handler, after it, and, where it asks for them, at messages.
///
/// ```swift
/// struct Authentication: ServerInterceptor {
///     func intercept(_ context: CallContext, next: NextHandler) async throws {
///         guard let user = users[context.metadata[string: "authorization"]] else {
///             throw RPCError(.unauthenticated, "the call carries no valid token")
///         }
///         var context = context
///         context[UserKey.self] = user
///         try await next(context)
///     }
/// }
/// ```
///
/// Interceptors are declared in one ordered list, ``Server/init(configuration:services:interceptors:logger:)``. The first one is
/// the outermost: it sees a call first and its outcome last. Each runs in the call's task, on the connection's event loop, and
/// the call pays nothing for those that do not apply to its method. A method has at most ``maximumCount`` of them.
///
/// A call of one request message reaches its interceptors once that message is there whole.
public protocol ServerInterceptor: Sendable {
    /// Runs around a call; calls `next` once to go on, or throws to end the call in its handler's place.
    ///
    /// What it gives to `next` is what inner interceptors and the handler see: values, hooks and logger of a changed copy of
    /// the context go inwards only. When `next` returns the handler did, and the call ends with OK unless it has ended
    /// before (``CallContext/endError``); what `next` throws is what the handler or an inner interceptor threw, or why a
    /// pending send or receive failed. ``WeirRPC/RPCError/init(for:)`` tells the status of any error.
    ///
    /// - Throws: what the call is to end with: an ``WeirRPC/RPCError``, or an error of which one can be made.
    nonisolated(nonsending) func intercept(_ context: CallContext, next: NextHandler) async throws

    /// Whether the interceptor runs for calls of this method; asked once for each method when the server is made.
    ///
    /// Default: for all.
    func applies(to method: MethodDescriptor) -> Bool
}

extension ServerInterceptor {
    /// Most interceptors of one method: each of them is a frame on the way to the handler.
    public static var maximumCount: Int { maximumInterceptorCount }

    /// The interceptor applies to all methods.
    public func applies(to method: MethodDescriptor) -> Bool { true }
}

/// See ``ServerInterceptor/maximumCount``.
let maximumInterceptorCount = 64
