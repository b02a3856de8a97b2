// SPDX-License-Identifier: Apache-2.0

/// What was seen while a profile ran.
///
/// Times count from the moment the profile began.
public struct BenchObservation: Sendable {
    /// The well-behaved client beside the profile, on a connection of its own.
    public struct Canary: Sendable, Equatable {
        /// Calls whose first message came.
        public var calls = 0
        /// Calls that failed, or whose first message did not come in ten seconds.
        public var failures = 0
        /// The time to the first message that half of the calls did not exceed.
        public var median = Duration.zero
        /// The time to the first message that 99 of 100 calls did not exceed; of fewer than 150, all but the slowest.
        public var percentile99 = Duration.zero
        /// The longest time to a first message.
        public var longest = Duration.zero
        /// Bytes that its steady stream received.
        public var steadyBytes = 0
        /// The longest time that its steady stream waited for bytes.
        public var longestGap = Duration.zero

        /// Makes a canary that saw nothing.
        public init() {}
    }

    /// The server's process, if it is known.
    public struct Process: Sendable, Equatable {
        /// Resident bytes before the profile began.
        public var residentBytesBefore = 0
        /// The most resident bytes while it ran.
        public var residentBytesPeak = 0
        /// Resident bytes after everything was closed and the server had time to let go.
        public var residentBytesAfter = 0
        /// Processor time while it ran.
        public var processorTime = Duration.zero
        /// The part of one core that it used with the canary alone.
        public var processorShareAlone = 0.0
        /// Whether the process is still there.
        public var isAlive = true

        /// Makes the numbers of a process.
        public init() {}
    }

    /// One moment.
    public struct Sample: Sendable, Equatable {
        /// When.
        public var at = Duration.zero
        /// Bytes of DATA received on the profile's connections so far.
        public var dataBytes = 0
        /// Calls of the profile that are under way.
        public var openStreams = 0
        /// The window that the profile's first open stream leaves the server, in bytes; nil without one.
        public var streamWindowBytes: Int?
        /// The window of the profile's first open connection; nil without one.
        public var connectionWindowBytes: Int?
        /// The longest time to a first message among the canary's calls since the last sample; nil without one.
        public var canaryLatency: Duration?
        /// Resident bytes of the server's process; nil if it is not known.
        public var residentBytes: Int?
        /// Processor time of the server's process since the profile began; nil if it is not known.
        public var processorTime: Duration?

        /// Makes a moment.
        public init() {}
    }

    /// What the profile's clients saw, in the order in which they were made.
    public var connections: [ConnectionRecord] = []
    /// The canary before the first profile began.
    public var canaryAlone = Canary()
    /// The canary beside the profile.
    public var canary = Canary()
    /// The server's process; nil if it is not known.
    public var process: Process?
    /// The moments, in order.
    public var samples: [Sample] = []
    /// How long the profile ran.
    public var elapsed = Duration.zero

    /// Makes an observation of nothing.
    public init() {}

    /// All calls of all connections.
    public var streams: [StreamRecord] { connections.flatMap(\.streams) }
}
