// SPDX-License-Identifier: Apache-2.0

/// All that a bench found out about a server; what is written as JSON and drawn as HTML.
///
/// Times are seconds. Names of members are the names in the JSON.
public struct BenchReport: Codable, Sendable, Equatable {
    /// How the bench was run.
    public struct Settings: Codable, Sendable, Equatable {
        /// The stall deadline that the server was held to.
        public var stallDeadlineSeconds: Double
        /// How long profiles last in which nothing stalls.
        public var durationSeconds: Double
        /// Streams on each connection.
        public var streams: Int
        /// Connections of a profile.
        public var connections: Int
        /// The server's process, if it was watched.
        public var pid: Int?

        /// Makes one of its parts.
        public init(
            stallDeadlineSeconds: Double, durationSeconds: Double, streams: Int, connections: Int, pid: Int? = nil
        ) {
            self.stallDeadlineSeconds = stallDeadlineSeconds
            self.durationSeconds = durationSeconds
            self.streams = streams
            self.connections = connections
            self.pid = pid
        }
    }

    /// How many profiles got which verdict.
    public struct Summary: Codable, Sendable, Equatable {
        /// Profiles that passed.
        public var pass = 0
        /// Profiles that were weak.
        public var weak = 0
        /// Profiles that failed.
        public var fail = 0
        /// Profiles without a verdict.
        public var inconclusive = 0

        /// Makes one of its parts.
        public init(
            pass: Int = 0, weak: Int = 0, fail: Int = 0, inconclusive: Int = 0
        ) {
            self.pass = pass
            self.weak = weak
            self.fail = fail
            self.inconclusive = inconclusive
        }
    }

    /// Which tool wrote this, and in which format: higher numbers may have more members, never fewer.
    public struct Tool: Codable, Sendable, Equatable {
        /// The tool's name.
        public var name = "weir slow-clients"
        /// The number of the format.
        public var format = 1

        /// Makes this version's.
        public init() {}
    }

    /// Which tool wrote this.
    public var tool = Tool()
    /// What to call the server in headings: the target, unless a label was given.
    public var label: String
    /// The address that was connected to, as it was given.
    public var target: String
    /// The value of `:path`, such as `/package.Service/Method`.
    public var method: String
    /// When the bench began, in UTC as `2026-01-31T12:00:00Z`.
    public var began: String
    /// How long it took.
    public var seconds: Double
    /// Whether all profiles ran to their end; false after an interrupt.
    public var isComplete: Bool
    /// How the bench was run.
    public var settings: Settings
    /// What the control client measured.
    public var control: ControlResult
    /// The canary before the first profile.
    public var canaryAlone: CanaryResult
    /// How many profiles got which verdict.
    public var summary: Summary
    /// The profiles, in the order in which they ran.
    public var profiles: [ProfileResult]

    /// Makes one of its parts.
    public init(
        tool: Tool = Tool(), label: String, target: String, method: String, began: String, seconds: Double,
        isComplete: Bool, settings: Settings, control: ControlResult, canaryAlone: CanaryResult, summary: Summary,
        profiles: [ProfileResult]
    ) {
        self.tool = tool
        self.label = label
        self.target = target
        self.method = method
        self.began = began
        self.seconds = seconds
        self.isComplete = isComplete
        self.settings = settings
        self.control = control
        self.canaryAlone = canaryAlone
        self.summary = summary
        self.profiles = profiles
    }
}

/// What a control client measured of the method.
public struct ControlResult: Codable, Sendable, Equatable {
    /// Bytes of the whole response; nil when it did not end while it was measured.
    public var responseBytes: Int?
    /// Bytes of its largest message.
    public var largestMessageBytes: Int
    /// Bytes per second of one client that reads everything.
    public var bytesPerSecond: Double
    /// Seconds to the first byte.
    public var firstDataSeconds: Double

    /// Makes one of its parts.
    public init(
        responseBytes: Int? = nil, largestMessageBytes: Int, bytesPerSecond: Double, firstDataSeconds: Double
    ) {
        self.responseBytes = responseBytes
        self.largestMessageBytes = largestMessageBytes
        self.bytesPerSecond = bytesPerSecond
        self.firstDataSeconds = firstDataSeconds
    }
}

/// What a well-behaved client saw.
public struct CanaryResult: Codable, Sendable, Equatable {
    /// Calls whose first bytes came.
    public var calls: Int
    /// Calls that failed.
    public var failures: Int
    /// The time to the first bytes that half of the calls did not exceed.
    public var medianSeconds: Double
    /// The time to the first bytes that 99 of 100 calls did not exceed.
    public var percentile99Seconds: Double
    /// The longest time to the first bytes.
    public var longestSeconds: Double
    /// Bytes of the stream that was read steadily.
    public var steadyBytes: Int
    /// The longest time for which that stream waited for bytes.
    public var longestGapSeconds: Double

    /// Makes one of its parts.
    public init(
        calls: Int, failures: Int, medianSeconds: Double, percentile99Seconds: Double, longestSeconds: Double,
        steadyBytes: Int, longestGapSeconds: Double
    ) {
        self.calls = calls
        self.failures = failures
        self.medianSeconds = medianSeconds
        self.percentile99Seconds = percentile99Seconds
        self.longestSeconds = longestSeconds
        self.steadyBytes = steadyBytes
        self.longestGapSeconds = longestGapSeconds
    }
}
