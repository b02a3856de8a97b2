// SPDX-License-Identifier: Apache-2.0

/// A number that may also be missing (`google.protobuf.Int64Value`).
public struct Google_Protobuf_Int64Value: ProtobufMessage, Hashable {
    /// The number.
    public var value: Int64 = 0

    /// Creates zero.
    public init() {}

    /// Creates a number.
    public init(value: Int64) {
        self.value = value
    }
}

extension Google_Protobuf_Int64Value {
    /// The layout of the message.
    public static let protobufLayout = ProtobufLayout(
        name: "google.protobuf.Int64Value",
        fields: [.init(1, "value", .int64)])

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
