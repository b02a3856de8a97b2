// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

/// What the tests of this target send in both directions: some bytes.
typealias Note = Grpc_Testing_Payload

extension Note {
    init(_ text: String) {
        self.init()
        body = ByteBuffer(string: text)
    }

    /// A note that begins with its number and has that many bytes.
    init(_ number: Int, bytes: Int) {
        self.init()
        body.writeInteger(UInt32(number))
        body.writeRepeatingByte(UInt8(truncatingIfNeeded: number), count: max(0, bytes - 4))
    }

    var text: String { String(buffer: body) }

    /// The number it begins with.
    var number: Int { body.getInteger(at: body.readerIndex, as: UInt32.self).map { Int($0) } ?? -1 }

    /// As a client sends it, without the prefix.
    var encoded: [UInt8] { (try? serialized()).map { Array($0.readableBytesView) } ?? [] }
}

/// A method of each kind whose handlers a test brings along.
struct StreamService: Service {
    static let name = ServiceDescriptor(fullyQualifiedName: "test.Streams")
    static let record = MethodDescriptor(service: name, name: "Record", kind: .clientStreaming)
    static let chat = MethodDescriptor(service: name, name: "Chat", kind: .bidirectionalStreaming)
    static let ask = MethodDescriptor(service: name, name: "Ask", kind: .unary)
    static let watch = MethodDescriptor(service: name, name: "Watch", kind: .serverStreaming)

    var record: @Sendable (RequestStream<Note>, CallContext) async throws -> Note = { requests, _ in
        var count = 0
        for try await _ in requests { count += 1 }
        return Note("\(count)")
    }
    var chat: @Sendable (RequestStream<Note>, ResponseStream<Note>, CallContext) async throws -> Void = {
        requests, stream, _ in
        for try await note in requests { try await stream.send(note) }
    }

    func register(with router: inout Router) {
        router.clientStreaming(Self.record, Note.self, Note.self) { requests, context in
            try await self.record(requests, context)
        }
        router.bidirectionalStreaming(Self.chat, Note.self, Note.self) { requests, stream, context in
            try await self.chat(requests, stream, context)
        }
        router.unary(Self.ask, Note.self, Note.self) { request, _ in request }
        router.serverStreaming(Self.watch, Note.self, Note.self) { request, stream, _ in try await stream.send(request)
        }
    }
}
