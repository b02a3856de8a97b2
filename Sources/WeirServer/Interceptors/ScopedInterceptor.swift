// SPDX-License-Identifier: Apache-2.0

public import WeirRPC

/// An interceptor that applies to some methods only.
///
/// ```swift
/// interceptors: [
///     Logging(),
///     Authentication().except(for: Grpc_Health_V1_Health.descriptor),
///     Audit().only(for: Bank_Transfers.Method.Pay.descriptor),
/// ]
/// ```
public struct ScopedInterceptor<Base: ServerInterceptor>: ServerInterceptor {
    private let base: Base
    private let isInScope: @Sendable (MethodDescriptor) -> Bool

    /// Limits `base` to the methods for which `isInScope` is true, as far as it applies to them itself.
    public init(_ base: Base, isInScope: @escaping @Sendable (MethodDescriptor) -> Bool) {
        self.base = base
        self.isInScope = isInScope
    }

    /// Whether the method is in scope.
    public func applies(to method: MethodDescriptor) -> Bool {
        isInScope(method) && base.applies(to: method)
    }

    /// Runs the interceptor.
    public nonisolated(nonsending) func intercept(_ context: CallContext, next: NextHandler) async throws {
        try await base.intercept(context, next: next)
    }
}

extension ServerInterceptor {
    /// The interceptor, for the methods of these services only.
    public func only(for services: ServiceDescriptor...) -> ScopedInterceptor<Self> {
        ScopedInterceptor(self) { method in services.contains(method.service) }
    }

    /// The interceptor, for these methods only.
    public func only(for methods: MethodDescriptor...) -> ScopedInterceptor<Self> {
        ScopedInterceptor(self) { method in methods.contains { $0.path == method.path } }
    }

    /// The interceptor, for all methods but those of these services.
    public func except(for services: ServiceDescriptor...) -> ScopedInterceptor<Self> {
        ScopedInterceptor(self) { method in !services.contains(method.service) }
    }

    /// The interceptor, for all methods but these.
    public func except(for methods: MethodDescriptor...) -> ScopedInterceptor<Self> {
        ScopedInterceptor(self) { method in !methods.contains { $0.path == method.path } }
    }
}
