// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
public import WeirProtobuf
public import WeirRPC

extension RawPeer.Response {
    /// The status in the last field section; nil while there is none.
    public var statusCode: StatusCode? {
        status.flatMap { Int($0) }.flatMap { StatusCode(rawValue: $0) }
    }

    /// The whole messages received so far, decoded.
    ///
    /// - Throws: bytes that are no such message.
    public func messages<Message: ProtobufMessage>(of _: Message.Type) throws -> [Message] {
        var position = 5
        return try messages.sizes.map { size in
            defer { position += size + 5 }
            return try Message(serialized: ByteBuffer(bytes: data[position..<(position + size)]))
        }
    }
}
