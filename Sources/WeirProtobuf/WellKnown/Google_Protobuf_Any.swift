// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// An encoded message of any type, with its name (`google.protobuf.Any`).
public struct Google_Protobuf_Any: ProtobufMessage, Hashable {
    /// Names the type of the message behind its last slash.
    public var typeURL: String = ""

    /// The encoded message.
    public var value: ByteBuffer = ByteBuffer()

    /// Creates a message of no type.
    public init() {}

    /// Creates an encoded message.
    public init(typeURL: String, value: ByteBuffer) {
        self.typeURL = typeURL
        self.value = value
    }
}

extension Google_Protobuf_Any {
    /// The layout of the message.
    public static let protobufLayout = ProtobufLayout(
        name: "google.protobuf.Any",
        fields: [.init(1, "type_url", .string), .init(2, "value", .bytes)])

    /// Hands the fields to `writer`.
    @inlinable
    public func protobufWrite(to writer: ProtobufWriter) {
        writer.field(0, typeURL)
        writer.field(1, value)
    }

    /// Takes the fields from `reader`.
    @inlinable
    public mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError) {
        typeURL = try reader.field(0)
        value = try reader.field(1)
    }
}
