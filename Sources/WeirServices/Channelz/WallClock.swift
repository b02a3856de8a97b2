// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import WeirProtobuf

/// The time of day, from which the instants of what happened follow.
struct WallClock: Sendable {
    /// The time now.
    var now: @Sendable () -> Google_Protobuf_Timestamp

    /// The clock of the machine.
    static let system = WallClock {
        var time = timespec()
        // The only failures are an unknown clock and a bad pointer.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Google_Protobuf_Timestamp(seconds: Int64(time.tv_sec), nanos: Int32(time.tv_nsec))
    }

    /// The time that long ago; nil for what did not happen.
    func time(ago: Duration?) -> Google_Protobuf_Timestamp? {
        guard let ago else { return nil }
        let now = now()
        let (seconds, attoseconds) = ago.components
        let nanos = Int64(now.nanos) - attoseconds / 1_000_000_000
        let borrows = nanos < 0
        return Google_Protobuf_Timestamp(
            seconds: now.seconds &- seconds &- (borrows ? 1 : 0),
            nanos: Int32(truncatingIfNeeded: borrows ? nanos + 1_000_000_000 : nanos))
    }
}
