// SPDX-License-Identifier: Apache-2.0

internal import WeirServer
internal import WeirTesting

/// 32 equal streams on one connection over a link, and how evenly they are served.
public struct EqualStreams {
    /// What came of it.
    public struct Figures: Sendable {
        /// Jain's index of the streams' bytes: 1 when all are equal.
        public let jainIndex: Double
        /// The most that all streams together moved between two DATA frames of one, in rounds of a quantum each.
        public let longestGapRounds: Double
        /// Bytes of all streams.
        public let bytes: Int
        /// Whether nothing was left at the end.
        public let isClean: Bool
    }

    /// How many streams.
    public static let streams = 32
    private static let quantumBytes = 16 * 1024

    private final class Meter {
        var bytes: [Int32: Int] = [:]
        /// Bytes of all streams since each one's last DATA frame.
        var sinceTurn: [Int32: Int] = [:]
        var longestGap = 0
        var isMeasuring = false
    }

    private let payloadBytes: UInt32
    private let windowBytes: Int

    /// Streams of messages of this size, each with a window of `windowBytes`.
    public init(payloadBytes: UInt32, windowBytes: Int = 256 * 1024) {
        self.payloadBytes = payloadBytes
        self.windowBytes = windowBytes
    }

    /// Runs for 25 seconds of virtual time, of which 20 are measured.
    ///
    /// - Throws: what the simulation throws.
    public func run() throws -> Figures {
        let clock = VirtualClock()
        let simulation = try Simulation(clock: clock, services: [PatternService(clock: clock)])
        var profile = SteadyClient(
            try .pattern(chunks: 0, payloadBytes: payloadBytes), calls: Self.streams, concurrency: Self.streams)
        profile.session.streamWindowBytes = windowBytes
        profile.session.connectionWindowBytes = 16 * windowBytes
        let link = LinkConfiguration(latency: .milliseconds(20), bytesPerSecond: 4_000_000)
        let client = simulation.connect(profile, over: link, keeping: .counts)
        let ids = (0..<Self.streams).map { Int32(2 * $0 + 1) }
        let meter = Meter()
        client.onFrame = { header in
            guard meter.isMeasuring, header.kind == .data else { return }
            meter.bytes[header.stream, default: 0] += header.length
            meter.longestGap = max(meter.longestGap, meter.sinceTurn[header.stream, default: 0])
            for id in ids { meter.sinceTurn[id, default: 0] += header.length }
            meter.sinceTurn[header.stream] = 0
        }
        try simulation.run(for: .seconds(5))
        meter.isMeasuring = true
        try simulation.run(for: .seconds(20))
        let shares = ids.map { Double(meter.bytes[$0, default: 0]) }
        let sum = shares.reduce(0, +)
        let squares = shares.reduce(0) { $0 + $1 * $1 }
        return Figures(
            jainIndex: squares == 0 ? 0 : sum * sum / (Double(Self.streams) * squares),
            longestGapRounds: Double(meter.longestGap) / Double(Self.streams * Self.quantumBytes),
            bytes: Int(sum), isClean: try simulation.shutDown())
    }
}
