// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirProtobuf
import WeirRPC
import WeirServer

/// A message as the generator writes one: who sent it, its number, and some bytes.
nonisolated struct Sample: ProtobufMessage, Hashable {
    var sender: UInt32 = 0
    var sequence: UInt64 = 0
    var payload = ByteBuffer()

    init() {}

    init(sender: UInt32 = 0, _ sequence: UInt64, bytes: Int = 0) {
        self.sender = sender
        self.sequence = sequence
        payload = ByteBuffer(repeating: UInt8(truncatingIfNeeded: sequence), count: bytes)
    }

    static let protobufLayout: ProtobufLayout = .init(
        name: "loopback.Sample",
        fields: [.init(1, "sender", .uint32), .init(2, "sequence", .uint64), .init(3, "payload", .bytes)])

    func protobufWrite(to writer: ProtobufWriter) {
        writer.field(0, sender)
        writer.field(1, sequence)
        writer.field(2, payload)
    }

    mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError) {
        sender = try reader.field(0)
        sequence = try reader.field(1)
        payload = try reader.field(2)
    }
}

/// A service of streaming methods, whose handlers a test brings along.
struct SampleService: Service {
    typealias Handler = @Sendable (ResponseStream<Sample>, CallContext) async throws -> Void
    typealias ChatHandler = @Sendable (RequestStream<Sample>, ResponseStream<Sample>) async throws -> Void

    static let path = "/loopback.Samples/Stream"
    static let quickPath = "/loopback.Samples/Quick"
    static let chatPath = "/loopback.Samples/Chat"

    var stream: Handler = { _, _ in }
    var chat: ChatHandler = { _, _ in }

    func register(with router: inout Router) {
        let service = ServiceDescriptor(fullyQualifiedName: "loopback.Samples")
        router.serverStreaming(
            MethodDescriptor(service: service, name: "Stream", kind: .serverStreaming), Sample.self, Sample.self
        ) { _, stream, context in
            try await self.stream(stream, context)
        }
        router.serverStreaming(
            MethodDescriptor(service: service, name: "Quick", kind: .serverStreaming), Sample.self, Sample.self
        ) { _, stream, _ in
            try await stream.send(Sample(1))
        }
        router.bidirectionalStreaming(
            MethodDescriptor(service: service, name: "Chat", kind: .bidirectionalStreaming), Sample.self, Sample.self
        ) { requests, stream, _ in
            try await self.chat(requests, stream)
        }
    }
}
