// SPDX-License-Identifier: Apache-2.0

/// A span of time (`google.protobuf.Duration`).
public struct Google_Protobuf_Duration: ProtobufMessage, Hashable {
    /// Whole seconds, negative for a span into the past.
    public var seconds: Int64 = 0

    /// The fraction of the second in nanoseconds, of the same sign, up to 999,999,999.
    public var nanos: Int32 = 0

    /// Creates a span of nothing.
    public init() {}

    /// Creates a span of time.
    public init(seconds: Int64, nanos: Int32) {
        self.seconds = seconds
        self.nanos = nanos
    }
}

extension Google_Protobuf_Duration {
    /// The layout of the message.
    public static let protobufLayout = ProtobufLayout(
        name: "google.protobuf.Duration",
        fields: [.init(1, "seconds", .int64), .init(2, "nanos", .int32)])

    /// Hands the fields to `writer`.
    @inlinable
    public func protobufWrite(to writer: ProtobufWriter) {
        writer.field(0, seconds)
        writer.field(1, nanos)
    }

    /// Takes the fields from `reader`.
    @inlinable
    public mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError) {
        seconds = try reader.field(0)
        nanos = try reader.field(1)
    }
}

extension Duration {
    /// The span; nil for one that is out of the type's range (10,000 years) or whose parts have different signs.
    public init?(_ span: Google_Protobuf_Duration) {
        guard (-315_576_000_000...315_576_000_000).contains(span.seconds), abs(Int64(span.nanos)) < 1_000_000_000,
            span.seconds == 0 || span.nanos == 0 || (span.seconds < 0) == (span.nanos < 0)
        else { return nil }
        self = .seconds(span.seconds) + .nanoseconds(Int64(span.nanos))
    }
}
