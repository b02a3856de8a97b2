// SPDX-License-Identifier: Apache-2.0

/// When the caller may try again (`google/rpc/error_details.proto`, `RetryInfo`).
public struct RetryInfo: Hashable, Sendable {
    /// How long the caller should wait at least; sent with nanoseconds, a negative one as zero.
    public var retryDelay: Duration

    /// Try again no earlier than `retryDelay` from now.
    public init(retryDelay: Duration) {
        self.retryDelay = retryDelay
    }
}

extension RetryInfo {
    /// The most seconds that `google.protobuf.Duration` may hold, about 10,000 years.
    private static var maximumSeconds: Int64 { 315_576_000_000 }

    /// The serialised message: `google.protobuf.Duration` retry_delay = 1, with seconds = 1 and nanos = 2.
    package func encoded() -> [UInt8] {
        var (seconds, attoseconds) = max(retryDelay, .zero).components
        if seconds >= RetryInfo.maximumSeconds {
            seconds = RetryInfo.maximumSeconds
            attoseconds = 0
        }
        let nanoseconds = attoseconds / 1_000_000_000
        var writer = ProtobufWriter()
        writer.writeMessage(field: 1) { (duration: inout ProtobufWriter) in
            duration.writeInteger(seconds, field: 1)
            duration.writeInteger(nanoseconds, field: 2)
        }
        return writer.bytes
    }

    /// The message that these bytes are; nil when they are none, or hold no duration in the range of
    /// `google.protobuf.Duration`.
    init?(encoded bytes: ArraySlice<UInt8>) {
        var (seconds, nanoseconds) = (Int64(0), Int64(0))
        let isWhole = ProtobufFields.forEach(in: bytes) { field in
            guard field.number == 1 else { return true }
            guard let duration = field.bytes else { return false }
            return ProtobufFields.forEach(in: duration) { part in
                guard case .varint(let value) = part.value else { return part.number > 2 }
                if part.number == 1 { seconds = Int64(bitPattern: value) }
                if part.number == 2 { nanoseconds = Int64(bitPattern: value) }
                return true
            }
        }
        guard isWhole, abs(seconds.clamped) <= RetryInfo.maximumSeconds, abs(nanoseconds.clamped) < 1_000_000_000
        else { return nil }
        self.init(retryDelay: .seconds(seconds) + .nanoseconds(nanoseconds))
    }
}

extension Int64 {
    /// The number, or the nearest one that has an absolute value.
    fileprivate var clamped: Int64 { Swift.max(self, -.max) }
}
