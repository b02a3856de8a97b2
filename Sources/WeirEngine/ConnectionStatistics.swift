// SPDX-License-Identifier: Apache-2.0

package import WeirHTTP2

/// What a connection did so far, as channelz wants to know it.
///
/// Plain numbers on the connection's loop.
package struct ConnectionStatistics: Sendable, Equatable {
    /// Calls that began: requests that led to a method.
    package var callsStarted: UInt64 = 0
    /// Calls whose OK was sent.
    package var callsSucceeded: UInt64 = 0
    /// Calls that ended otherwise.
    package var callsFailed: UInt64 = 0
    /// Streams whose request's header fields arrived.
    package var streamsStarted: UInt64 = 0
    /// Streams that ended with END_STREAM of this side.
    package var streamsSucceeded: UInt64 = 0
    /// Streams that were reset or lost.
    package var streamsFailed: UInt64 = 0
    /// Response messages that left whole.
    package var messagesSent: UInt64 = 0
    /// Request messages that were taken whole.
    package var messagesReceived: UInt64 = 0
    /// When the last call began.
    package var lastCallAt: MonotonicInstant?
    /// When the last stream began.
    package var lastStreamAt: MonotonicInstant?
    /// When bytes of a message last left.
    package var lastMessageSentAt: MonotonicInstant?
    /// When a message was last taken.
    package var lastMessageReceivedAt: MonotonicInstant?

    /// Makes the statistics of a connection on which nothing happened.
    package init() {}

    /// Adds what another connection did.
    package mutating func add(_ other: ConnectionStatistics) {
        callsStarted &+= other.callsStarted
        callsSucceeded &+= other.callsSucceeded
        callsFailed &+= other.callsFailed
        streamsStarted &+= other.streamsStarted
        streamsSucceeded &+= other.streamsSucceeded
        streamsFailed &+= other.streamsFailed
        messagesSent &+= other.messagesSent
        messagesReceived &+= other.messagesReceived
        lastCallAt = Self.later(lastCallAt, other.lastCallAt)
        lastStreamAt = Self.later(lastStreamAt, other.lastStreamAt)
        lastMessageSentAt = Self.later(lastMessageSentAt, other.lastMessageSentAt)
        lastMessageReceivedAt = Self.later(lastMessageReceivedAt, other.lastMessageReceivedAt)
    }

    private static func later(_ left: MonotonicInstant?, _ right: MonotonicInstant?) -> MonotonicInstant? {
        guard let left, let right else { return left ?? right }
        return max(left, right)
    }
}

/// Counting, where things happen anyway.
extension ServerConnection {
    /// What the connection did so far, calls that run included.
    package var statistics: ConnectionStatistics {
        var statistics = unsafe counted
        for stream in session.streams.values {
            if let call = stream.owner as? ServerCall { statistics.messagesSent &+= call.messagesSent }
        }
        if statistics.messagesSent > 0 { statistics.lastMessageSentAt = session.flow.lastProgress }
        return statistics
    }

    func countStream(_ stream: HTTP2Stream) {
        stream.isCounted = true
        unsafe counted.streamsStarted &+= 1
        unsafe counted.lastStreamAt = now
    }

    func countEnd(of stream: HTTP2Stream, succeeded: Bool) {
        guard stream.isCounted else { return }
        stream.isCounted = false
        if succeeded { unsafe counted.streamsSucceeded &+= 1 } else { unsafe counted.streamsFailed &+= 1 }
    }

    func countCall() {
        unsafe counted.callsStarted &+= 1
        unsafe counted.lastCallAt = now
    }

    func countEnd(of call: ServerCall, succeeded: Bool) {
        unsafe counted.messagesSent &+= call.messagesSent
        if succeeded { unsafe counted.callsSucceeded &+= 1 } else { unsafe counted.callsFailed &+= 1 }
    }

    @inline(__always)
    func countRequestMessage() {
        unsafe counted.messagesReceived &+= 1
        unsafe counted.lastMessageReceivedAt = now
    }
}
