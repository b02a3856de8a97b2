// SPDX-License-Identifier: Apache-2.0

/// How the server ended a stream whose client took nothing any more.
package enum StalledEnding: Equatable, Sendable {
    /// With trailers that carry a status which is not OK, and a text.
    case told
    /// With a status which is not OK, and no text.
    case toldWithoutText
    /// With OK, as if it were complete, although the method's response has no end.
    case calledComplete
    /// With RST_STREAM, with this error code, or without a status.
    case reset(UInt32?)
    /// With the whole connection.
    case closed
    /// Not at all.
    case held
    /// The response was complete: nothing stalled.
    case complete
    /// Before it can have stalled.
    case refused

    /// How this stream of this connection ended, `after` that long without a byte.
    init(_ stream: StreamRecord, _ connection: ConnectionRecord, after: Duration, _ plan: BenchPlan) {
        // A connection's end may be seen before what it did to its streams is.
        guard stream.endedAt != nil else {
            self = connection.closedAt != nil || connection.serverClosed == true ? .closed : .held
            return
        }
        let isEarly = after < plan.stallDeadline * StalledStreamRule.refusedBefore
        switch stream.status {
        case nil: self = isEarly && stream.dataBytes == 0 ? .refused : .reset(stream.reset)
        case 0?: self = isEarly || plan.control.responseBytes != nil ? .complete : .calledComplete
        default:
            if isEarly, stream.dataBytes == 0 {
                self = .refused
            } else {
                self = stream.message?.isEmpty ?? true ? .toldWithoutText : .told
            }
        }
    }
}

/// A stream that stalled: how it ended, and how long it had stalled then.
package struct StalledStream: Equatable, Sendable {
    /// Its record.
    package var stream: StreamRecord
    /// How it ended.
    package var ending: StalledEnding
    /// From its last byte, or its beginning if none came, to its end, or to the end of the profile.
    package var after: Duration
    /// When its last byte came, or when it began.
    package var since: Duration

    /// Looks at a stream that was watched until `end`.
    ///
    /// With `countsConnection` the time counts from the last byte of any stream of the connection: what stalls is its window.
    package init(
        _ stream: StreamRecord, _ connection: ConnectionRecord, until end: Duration, countsConnection: Bool = false,
        _ plan: BenchPlan
    ) {
        self.stream = stream
        let over = stream.endedAt ?? connection.closedAt ?? end
        var since = stream.lastDataAt ?? stream.beganAt
        if countsConnection {
            since = connection.streams.compactMap(\.lastDataAt).filter { $0 <= over }.reduce(since, max)
        }
        self.since = since
        after = max(.zero, over - since)
        ending = StalledEnding(stream, connection, after: after, plan)
    }
}
