// SPDX-License-Identifier: Apache-2.0

/// What a bench is told to do to a server: the same for all its profiles.
public struct BenchPlan: Sendable {
    /// What a control client measured of the method before the profiles began.
    public struct Control: Sendable, Equatable {
        /// Bytes of the whole response, prefixes included; nil when it did not end while it was measured.
        public var responseBytes: Int?
        /// Bytes of its largest message, without its prefix.
        public var largestMessageBytes: Int
        /// Bytes per second that one client got that reads everything.
        public var bytesPerSecond: Double
        /// How long the first byte of the response took.
        public var firstDataAfter: Duration
        /// How long a connection took to be made: a round trip of the network.
        public var roundTrip: Duration

        /// Makes a control from what was measured.
        public init(
            responseBytes: Int? = nil, largestMessageBytes: Int = 16_000, bytesPerSecond: Double = 100_000_000,
            firstDataAfter: Duration = .milliseconds(1), roundTrip: Duration = .zero
        ) {
            self.responseBytes = responseBytes
            self.largestMessageBytes = largestMessageBytes
            self.bytesPerSecond = bytesPerSecond
            self.firstDataAfter = firstDataAfter
            self.roundTrip = roundTrip
        }
    }

    /// What is called.
    public var call: ClientCall
    /// How long the server lets a stream stall, as far as its operator knows; a good server ends it then.
    public var stallDeadline: Duration
    /// How many streams a profile opens on each of its connections, if it is about streams.
    public var streams: Int
    /// How many connections a profile opens.
    public var connections: Int
    /// How long a profile lasts in which nothing has to stall.
    public var duration: Duration
    /// What is known of the method.
    public var control = Control()

    /// Makes a plan.
    public init(
        call: ClientCall, stallDeadline: Duration = .seconds(60), streams: Int = 10, connections: Int = 1,
        duration: Duration = .seconds(20)
    ) {
        self.call = call
        self.stallDeadline = stallDeadline
        self.streams = streams
        self.connections = connections
        self.duration = duration
    }

    /// The longest that a stalled stream may live and the server still passes: the deadline, an eighth of it, and a second.
    public var punctual: Duration { stallDeadline + stallDeadline / 8 + .seconds(1) }

    /// The longest that a profile waits for the end of a stalled stream: half as long again, and a second.
    public var patience: Duration { punctual + stallDeadline / 2 + .seconds(1) }
}
