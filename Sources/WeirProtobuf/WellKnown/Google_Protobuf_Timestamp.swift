// SPDX-License-Identifier: Apache-2.0

/// A point in time, independent of time zones and calendars (`google.protobuf.Timestamp`).
public struct Google_Protobuf_Timestamp: ProtobufMessage, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z; valid from year 1 to year 9999.
    public var seconds: Int64 = 0

    /// The fraction of the second in nanoseconds, from 0 to 999,999,999, also for times before 1970.
    public var nanos: Int32 = 0

    /// Creates the start of 1970.
    public init() {}

    /// Creates a point in time.
    public init(seconds: Int64, nanos: Int32) {
        self.seconds = seconds
        self.nanos = nanos
    }
}

extension Google_Protobuf_Timestamp {
    /// The layout of the message.
    public static let protobufLayout = ProtobufLayout(
        name: "google.protobuf.Timestamp",
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
