// SPDX-License-Identifier: Apache-2.0

import WeirInterop
import WeirRPC
import WeirServer

/// A unary method and one that streams its response, whose handlers a test brings along.
struct ReplyService: Service {
    static let name = ServiceDescriptor(fullyQualifiedName: "test.Replies")
    static let ask = MethodDescriptor(service: name, name: "Ask", kind: .unary)
    static let watch = MethodDescriptor(service: name, name: "Watch", kind: .serverStreaming)

    typealias Message = Grpc_Testing_Payload

    var ask: @Sendable (CallContext) async throws -> Message = { _ in Message() }
    var watch: @Sendable (ResponseStream<Message>, CallContext) async throws -> Void = { _, _ in }

    func register(with router: inout Router) {
        router.unary(Self.ask, Message.self, Message.self) { _, context in try await self.ask(context) }
        router.serverStreaming(Self.watch, Message.self, Message.self) { _, stream, context in
            try await self.watch(stream, context)
        }
    }

    /// A call of one of its methods.
    static func call(_ method: MethodDescriptor) -> RawRequest { RawRequest.call().with(":path", method.path) }
}

extension Metadata {
    /// One entry of that many bytes.
    static func filled(_ bytes: Int, name: String = "x") throws -> Metadata {
        var metadata = Metadata()
        try metadata.add(name: name, value: String(repeating: "a", count: bytes))
        return metadata
    }
}
