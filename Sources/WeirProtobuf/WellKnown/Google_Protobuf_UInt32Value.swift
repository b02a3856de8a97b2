// SPDX-License-Identifier: Apache-2.0

/// A number that may also be missing (`google.protobuf.UInt32Value`).
public struct Google_Protobuf_UInt32Value: ProtobufMessage, Hashable {
    /// The number.
    public var value: UInt32 = 0

    /// Creates zero.
    public init() {}

    /// Creates a number.
    public init(value: UInt32) {
        self.value = value
    }
}

extension Google_Protobuf_UInt32Value {
    /// The layout of the message.
    public static let protobufLayout = ProtobufLayout(
        name: "google.protobuf.UInt32Value",
        fields: [.init(1, "value", .uint32)])

    /// Hands the fields to `writer`.
    @inlinable
    public func protobufWrite(to writer: ProtobufWriter) {
        writer.field(0, value)
    }

    /// Takes the fields from `reader`.
    @inlinable
    public mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError) {
        value = try reader.field(0)
    }
}
