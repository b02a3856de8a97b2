// SPDX-License-Identifier: Apache-2.0

import WeirInterop
import WeirRPC
import WeirServer

/// Sends each request back.
struct Echo: Service {
    private static let method = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedName: "weir.bench.Echo"), name: "Echo", kind: .unary)

    func register(with router: inout Router) {
        router.unary(Self.method, Grpc_Testing_Payload.self, Grpc_Testing_Payload.self) { request, _ in request }
    }
}
