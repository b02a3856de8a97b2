// SPDX-License-Identifier: Apache-2.0

public import WeirTesting

/// What one profile found out.
public struct ProfileResult: Codable, Sendable, Equatable {
    /// The profile's name, such as `never-reads`.
    public var name: String
    /// What its clients do.
    public var summary: String
    /// What a good server does about it.
    public var goodServer: String
    /// The verdict.
    public var verdict: Judgement.Verdict
    /// What a server must do to pass, with the numbers of this run.
    public var criterion: String
    /// Why the verdict is not better, or what was seen.
    public var reasons: [String]
    /// What was measured; a name ends in its unit.
    public var figures: [String: FigureValue]
    /// How long the profile ran.
    public var seconds: Double
    /// The canary beside it.
    public var canary: CanaryResult
    /// The server's process; nil if it was not watched.
    public var process: ProcessResult?
    /// The profile's calls, the first ``keptStreams`` of them.
    public var streams: [StreamResult]
    /// How many calls there were, if more than are written down.
    public var streamCount: Int?
    /// The moments, in order.
    public var samples: [SampleResult]

    /// Most calls that are written down for a profile.
    public static let keptStreams = 200

    /// Makes one of its parts.
    public init(
        name: String, summary: String, goodServer: String, verdict: Judgement.Verdict, criterion: String,
        reasons: [String], figures: [String: FigureValue], seconds: Double, canary: CanaryResult,
        process: ProcessResult? = nil, streams: [StreamResult], streamCount: Int? = nil, samples: [SampleResult]
    ) {
        self.name = name
        self.summary = summary
        self.goodServer = goodServer
        self.verdict = verdict
        self.criterion = criterion
        self.reasons = reasons
        self.figures = figures
        self.seconds = seconds
        self.canary = canary
        self.process = process
        self.streams = streams
        self.streamCount = streamCount
        self.samples = samples
    }
}

/// A number or a word.
public enum FigureValue: Codable, Sendable, Equatable {
    case number(Double)
    case text(String)

    /// Reads a number or a string.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    /// Writes a number or a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        }
    }
}

/// The server's process during a profile.
public struct ProcessResult: Codable, Sendable, Equatable {
    /// Resident bytes before the profile began.
    public var residentBytesBefore: Int
    /// The most resident bytes while it ran.
    public var residentBytesPeak: Int
    /// Resident bytes after everything was closed.
    public var residentBytesAfter: Int
    /// Processor time while it ran.
    public var processorSeconds: Double
    /// Whether the process was there at the end.
    public var isAlive: Bool

    /// Makes one of its parts.
    public init(
        residentBytesBefore: Int, residentBytesPeak: Int, residentBytesAfter: Int, processorSeconds: Double,
        isAlive: Bool
    ) {
        self.residentBytesBefore = residentBytesBefore
        self.residentBytesPeak = residentBytesPeak
        self.residentBytesAfter = residentBytesAfter
        self.processorSeconds = processorSeconds
        self.isAlive = isAlive
    }
}

/// What a client saw of one call; times count from its connection's beginning.
public struct StreamResult: Codable, Sendable, Equatable {
    /// The number of the connection, from 0.
    public var connection: Int
    /// When that connection began, counted from the profile's beginning; nil: at once.
    public var connectedSeconds: Double?
    /// The stream's number.
    public var stream: Int
    /// When the request was sent.
    public var beganSeconds: Double
    /// When the last byte of DATA came; nil when none did.
    public var lastDataSeconds: Double?
    /// When the server ended the stream; nil when it did not.
    public var endedSeconds: Double?
    /// The value of `grpc-status`.
    public var status: Int?
    /// The text beside it, decoded.
    public var message: String?
    /// Whether details came with it.
    public var hasDetails: Bool
    /// The error code of RST_STREAM.
    public var reset: Int?
    /// Bytes of DATA.
    public var dataBytes: Int
    /// Whole messages.
    public var messages: Int
    /// Bytes of a message of which the rest is missing.
    public var cutBytes: Int

    /// Makes one of its parts.
    public init(
        connection: Int, connectedSeconds: Double? = nil, stream: Int, beganSeconds: Double,
        lastDataSeconds: Double? = nil, endedSeconds: Double? = nil, status: Int? = nil, message: String? = nil,
        hasDetails: Bool, reset: Int? = nil, dataBytes: Int, messages: Int, cutBytes: Int
    ) {
        self.connection = connection
        self.connectedSeconds = connectedSeconds
        self.stream = stream
        self.beganSeconds = beganSeconds
        self.lastDataSeconds = lastDataSeconds
        self.endedSeconds = endedSeconds
        self.status = status
        self.message = message
        self.hasDetails = hasDetails
        self.reset = reset
        self.dataBytes = dataBytes
        self.messages = messages
        self.cutBytes = cutBytes
    }
}

/// One moment; what was not known then is nil.
public struct SampleResult: Codable, Sendable, Equatable {
    /// When.
    public var seconds: Double
    /// Bytes of DATA.
    public var dataBytes: Int
    /// Calls that are under way.
    public var openStreams: Int
    /// The window of the first open stream.
    public var streamWindowBytes: Int?
    /// The window of the first open connection.
    public var connectionWindowBytes: Int?
    /// The longest time to the first bytes among the canary's calls since the last sample.
    public var canarySeconds: Double?
    /// Resident bytes of the server's process.
    public var residentBytes: Int?
    /// Processor time of the server's process since the profile began.
    public var processorSeconds: Double?

    /// Makes one of its parts.
    public init(
        seconds: Double, dataBytes: Int, openStreams: Int, streamWindowBytes: Int? = nil,
        connectionWindowBytes: Int? = nil, canarySeconds: Double? = nil, residentBytes: Int? = nil,
        processorSeconds: Double? = nil
    ) {
        self.seconds = seconds
        self.dataBytes = dataBytes
        self.openStreams = openStreams
        self.streamWindowBytes = streamWindowBytes
        self.connectionWindowBytes = connectionWindowBytes
        self.canarySeconds = canarySeconds
        self.residentBytes = residentBytes
        self.processorSeconds = processorSeconds
    }
}
