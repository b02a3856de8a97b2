// SPDX-License-Identifier: Apache-2.0

internal import WeirRPC
internal import WeirTesting

/// How one client of a fleet behaves, and what a good server makes of it.
struct FleetMember {
    /// What has to become of a client's calls.
    enum Expectation {
        /// Each ends with OK and every message, at most that long after its first frame.
        case completes(chunks: Int, within: Duration)
        /// Each is ended at the stall deadline, for one of these causes; those of the kinds that come back late may be.
        case stalls([StreamStalled.Cause])
        /// They go on to the end, or until the client itself ends them.
        case lives
        /// The server closes the connection.
        case connectionCloses
        /// The client goes away; what is open then is ended for one of these causes.
        case vanishes([StreamStalled.Cause])
    }

    let profile: any ClientProfile
    let expectation: Expectation
    let pattern: Pattern
    let link: LinkConfiguration
    /// When it connects.
    let connectsAfter: Duration
}

extension FleetMember {
    /// Kinds in hundredths of the fleet.
    private static let mix: [(kind: Int, share: Int)] = [
        (0, 26), (1, 12), (2, 6), (3, 5), (4, 5), (5, 5), (6, 4), (7, 6), (8, 3), (9, 3), (10, 3), (11, 3), (12, 3),
        (13, 3), (14, 2), (15, 3), (16, 2), (17, 2), (18, 2), (19, 1), (20, 1),
    ]

    /// The member with this number; everything about it follows from `random`.
    init(number: Int, deadline: Duration, duration: Duration, random: inout SeededGenerator) throws {
        var place = number % 100
        var kind = 0
        for entry in Self.mix {
            kind = entry.kind
            if place < entry.share { break }
            place -= entry.share
        }
        let latency = Duration.milliseconds(Int64.random(in: 1...150, using: &random))
        let bytesPerSecond = Int.random(in: 500_000...12_000_000, using: &random)
        link = LinkConfiguration(latency: latency, bytesPerSecond: bytesPerSecond)
        let seed = random.next() % 1_000_000
        let payload = [kind == 0 ? 100 : 500, 1_000, 4_000].randomElement(using: &random) ?? 1_000
        let pause = Duration.milliseconds(Int64.random(in: 2_000...20_000, using: &random))
        let rest = Duration.milliseconds(Int64.random(in: 60_000...120_000, using: &random))
        var after = Duration.milliseconds(Int64.random(in: 0...30_000, using: &random))
        let often = 1_000_000
        var size = payload
        let endless = try ClientCall.pattern(seed: seed, chunks: 0, payloadBytes: UInt32(payload))
        let bulk = try ClientCall.pattern(seed: seed, chunks: 64, payloadBytes: 4_000)
        let bulkTime = Duration.seconds(2) + latency * 40 + .seconds(Double(2 * 64 * 4_020) / Double(bytesPerSecond))

        switch kind {
        case 0:
            let call = try ClientCall.pattern(
                seed: seed, chunks: 60, payloadBytes: UInt32(payload), interval: .seconds(2))
            profile = SteadyClient(call, calls: often, pause: pause)
            // It takes 120 s with its sleeps; half a second late is too late.
            expectation = .completes(chunks: 60, within: .milliseconds(120_500))
        case 1:
            size = 4_000
            profile = SteadyClient(bulk, calls: often, pause: rest)
            expectation = .completes(chunks: 64, within: bulkTime * 2)
        case 2:
            // Half a window in a quarter of the deadline.
            size = 4_000
            let rate = Int(4 * 32_768 / (deadline / .seconds(1)))
            profile = SlowReaderClient(bulk, bytesPerSecond: rate, calls: often, pause: pause)
            expectation = .completes(chunks: 64, within: deadline * 3)
        case 3:
            size = 4_000
            profile = OneMessageAtATimeClient(bulk, thinking: .milliseconds(700), calls: often, pause: pause)
            expectation = .completes(chunks: 64, within: .milliseconds(700) * 64 + bulkTime * 2)
        case 4:
            size = 4_000
            profile = UpdateAtExhaustionClient(bulk, calls: often, pause: rest)
            expectation = .completes(chunks: 64, within: bulkTime + .seconds(30))
        case 5:
            // Enough below the deadline for the way there and back.
            size = 4_000
            profile = StallThenRecoverClient(bulk, stall: deadline - .seconds(1), calls: often, pause: pause)
            expectation = .completes(chunks: 64, within: deadline + bulkTime + .seconds(5))
        case 6:
            profile = StallThenRecoverClient(endless, stall: deadline + .seconds(3), calls: often, pause: pause)
            expectation = .stalls([.streamWindow, .connectionWindow])
        case 7:
            let concurrency = 1 + number % 3
            profile = NeverReadsClient(endless, calls: often, pause: pause, concurrency: concurrency)
            // Of several calls one may wait for the connection's window too, which is named first.
            expectation = .stalls(concurrency == 1 ? [.streamWindow] : [.streamWindow, .connectionWindow])
        case 8:
            profile = ZeroWindowClient(endless, calls: often, pause: pause)
            expectation = .stalls([.streamWindow])
        case 9:
            profile = ZeroWindowClient(endless, afterBytes: 20_000, calls: often, pause: pause)
            expectation = .stalls([.streamWindow])
        case 10:
            profile = StopMidMessageClient(endless, afterBytes: 90_500, calls: often, pause: pause)
            expectation = .stalls([.streamWindow])
        case 11:
            profile = ConnectionWindowHogClient(endless, concurrency: 4, calls: often, pause: pause)
            expectation = .stalls([.connectionWindow])
        case 12:
            profile = TrickleClient(endless, every: .seconds(1))
            expectation = .lives
        case 13:
            profile = WindowShrinkClient(endless, afterBytes: 20_000)
            expectation = .stalls([.streamWindow])
        case 14:
            size = 4_000
            profile = WindowShrinkClient(bulk, afterBytes: 20_000, reopensAfter: deadline / 2)
            expectation = .completes(chunks: 64, within: deadline + bulkTime)
        case 15:
            profile = ResetLoopClient(endless, calls: 150, pause: .seconds(20))
            expectation = .lives
        case 16:
            profile = CancelWhileBlockedClient(endless, after: deadline / 2, calls: often, pause: pause)
            expectation = .lives
        case 17:
            after = .seconds(Double.random(in: 0...0.5, using: &random) * (duration / .seconds(1)))
            profile = TCPShutHTTP2OpenClient(endless, afterBytes: 100_000, concurrency: 3)
            expectation = .connectionCloses
        case 18:
            after = .seconds(Double.random(in: 0...0.5, using: &random) * (duration / .seconds(1)))
            profile = VanishClient(endless, afterBytes: 150_000)
            expectation = .vanishes([.streamWindow, .connectionWindow, .socket])
        case 19:
            profile = PingFloodUnreadClient(endless, burst: 1_000)
            expectation = .connectionCloses
        default:
            profile = SettingsFloodUnreadClient(endless, burst: 1_000)
            expectation = .connectionCloses
        }
        pattern = Pattern(seed: seed, payloadBytes: size)
        connectsAfter = after
    }
}
