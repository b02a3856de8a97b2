// SPDX-License-Identifier: Apache-2.0

import WeirSlowClients
import WeirTesting

/// A made-up report that looks like one of a real server: the same every time.
struct SampleReport {
    /// How the made-up server treats stalled streams.
    enum Server {
        /// Ends them at the deadline and holds little.
        case good
        /// Ends them late and with a bare reset.
        case weak
        /// Buffers without bound and never ends them.
        case bad
    }

    var label = "Weir 0.1"
    var server = Server.good
    var deadline = 10.0
    var streams = 10
    /// Samples for each second.
    var rate = 20.0
    private var random = SplitMix(state: 2026)

    init(
        label: String = "Weir 0.1", server: Server = .good, deadline: Double = 10, streams: Int = 10, rate: Double = 20
    ) {
        self.label = label
        self.server = server
        self.deadline = deadline
        self.streams = streams
        self.rate = rate
    }

    /// The report.
    func report() -> BenchReport {
        var copy = self
        var profiles = [copy.steady(), copy.neverReads(), copy.slowReader(), copy.windowShrink(), copy.vanish()]
        if server == .bad { profiles.removeLast() }
        var summary = BenchReport.Summary()
        for profile in profiles {
            switch profile.verdict {
            case .pass: summary.pass += 1
            case .weak: summary.weak += 1
            case .fail: summary.fail += 1
            case .inconclusive: summary.inconclusive += 1
            }
        }
        return BenchReport(
            label: label, target: "127.0.0.1:50051", method: "/weir.data.v1.DataService/StreamData",
            began: "2026-01-31T12:00:00Z", seconds: profiles.reduce(2) { $0 + $1.seconds }, isComplete: server != .bad,
            settings: .init(
                stallDeadlineSeconds: deadline, durationSeconds: 20, streams: streams, connections: 1, pid: 4711),
            control: ControlResult(
                responseBytes: nil, largestMessageBytes: 16_384, bytesPerSecond: 412_000_000, firstDataSeconds: 0.0021),
            canaryAlone: CanaryResult(
                calls: 480, failures: 0, medianSeconds: 0.000_71, percentile99Seconds: 0.001_9, longestSeconds: 0.0042,
                steadyBytes: 83_886_080, longestGapSeconds: 0.021), summary: summary, profiles: profiles)
    }

    private mutating func steady() -> ProfileResult {
        let streams = streams
        let samples = moments(20) { sample, time, random in
            sample.dataBytes = Int(time * 3e7 * (1 + 0.02 * random.unit()))
            sample.openStreams = time < 19.8 ? streams : 0
            sample.streamWindowBytes = 30_000 + Int(30_000 * random.unit())
            sample.connectionWindowBytes = 400_000 + Int(500_000 * random.unit())
        }
        return result(
            "steady", .pass, "Read everything at once and return credit at once.",
            "Gives each stream its part and ends nothing.",
            "every call lives, and each gets at least 50 % of an equal part",
            ["all \(streams) calls lived; the slowest got 92 % of an equal part"],
            ["slowestPartRatio": .number(0.92), "bytesPerSecond": .number(30_100_000)], 20, samples: samples,
            streams: (0..<streams).map { index in
                StreamResult(
                    connection: 0, stream: 1 + 2 * index, beganSeconds: 0.01, lastDataSeconds: 19.8,
                    endedSeconds: 19.81,
                    status: 0, hasDetails: false, dataBytes: 60_000_000, messages: 3662, cutBytes: 0)
            })
    }

    private mutating func neverReads() -> ProfileResult {
        let (streams, server) = (streams, server)
        let end: Double? = server == .good ? deadline + 0.52 : server == .weak ? deadline * 1.5 : nil
        let length = end.map { $0 + 1.5 } ?? deadline * 1.625 + 2
        let samples = moments(length) { sample, time, random in
            let isOpen = end.map { time < $0 } ?? true
            sample.dataBytes = Int(min(time / 0.4, 1) * 65_535 * Double(streams))
            sample.openStreams = isOpen ? streams : 0
            sample.streamWindowBytes = isOpen ? max(0, 65_535 - Int(time / 0.4 * 65_535)) : nil
            sample.connectionWindowBytes = 16_777_216 - sample.dataBytes
            if server == .bad { sample.residentBytes = 31_000_000 + Int(time * 22_000_000) }
        }
        let reason: [String]
        let verdict: Judgement.Verdict
        switch server {
        case .good:
            verdict = .pass
            reason = ["\(streams) of \(streams) stalled calls ended, the first after 10.1 s, with a status and details"]
        case .weak:
            verdict = .weak
            reason = [
                "the calls ended after \(deadline * 1.5) s, where \(deadline) s were allowed",
                "they were reset: a client sees no reason, and loses what it had received",
            ]
        case .bad:
            verdict = .fail
            reason = ["none of \(streams) stalled calls was ended within \(deadline * 1.625 + 2) s"]
        }
        return result(
            "never-reads", verdict,
            "Open \(streams) calls and never return credit, neither for streams nor for the connection.",
            "Ends each call at the stall deadline and tells the client why, through the closed window.",
            "every stalled call ends within \(deadline * 1.125 + 1) s, with a status that says why", reason,
            [
                "endedCount": .number(end == nil ? 0 : Double(streams)), "stalledCount": .number(Double(streams)),
                "memoryGivenBack": .text(server == .bad ? "no" : "yes"), "siblingRatio": .number(0.98),
            ], length, samples: samples,
            streams: (0..<streams).map { index in
                let last = 0.4 + Double(index) * 0.004
                let isReset = server == .weak
                return StreamResult(
                    connection: 0, stream: 1 + 2 * index, beganSeconds: 0.01, lastDataSeconds: last,
                    endedSeconds: end.map { $0 + Double(index) * 0.004 }, status: end == nil || isReset ? nil : 8,
                    message: server == .good
                        ? "the stream stalled for 10 s (stream_window): the client returned no credit" : nil,
                    hasDetails: server == .good, reset: isReset ? 8 : nil, dataBytes: 65_535, messages: 3, cutBytes: 0)
            })
    }

    private mutating func slowReader() -> ProfileResult {
        let streams = streams
        var window = 65_535
        var data = 0
        let samples = moments(20) { sample, time, _ in
            data += 2_000
            window = window < 9_000 ? 65_535 : window - 6_100
            sample.dataBytes = data * streams
            sample.openStreams = streams
            sample.streamWindowBytes = window
            sample.connectionWindowBytes = 900_000
        }
        return result(
            "slow-reader", .pass, "Read 20 KB/s and return credit for it.",
            "Keeps every call alive: it is slow, not stalled.",
            "no call is ended", ["all \(streams) calls lived"], ["bytesPerSecond": .number(20_480)], 20,
            samples: samples,
            streams: (0..<streams).map {
                StreamResult(
                    connection: 0, stream: 1 + 2 * $0, beganSeconds: 0.01, lastDataSeconds: 19.95, hasDetails: false,
                    dataBytes: 400_000, messages: 24, cutBytes: 1024)
            })
    }

    private mutating func windowShrink() -> ProfileResult {
        let samples = moments(14) { sample, time, random in
            sample.dataBytes = Int(min(time, 2) * 2_000_000)
            sample.openStreams = time < 12.2 ? 1 : 0
            sample.streamWindowBytes = time < 2 ? Int(60_000 * random.unit()) : time < 12.2 ? -49_152 : nil
            sample.connectionWindowBytes = 800_000
        }
        return result(
            "window-shrink", server == .good ? .pass : .weak,
            "Lower SETTINGS_INITIAL_WINDOW_SIZE below what is in flight, so that the window is negative.",
            "Sends nothing until the window is positive again, and ends the call at the stall deadline.",
            "no byte beyond the window, and an end within 12.25 s", ["the window was -48 KiB and no byte came"],
            ["lowestWindowBytes": .number(-49_152)], 14, samples: samples,
            streams: [
                StreamResult(
                    connection: 0, stream: 1, beganSeconds: 0.01, lastDataSeconds: 2, endedSeconds: 12.2, status: 8,
                    message: "stalled", hasDetails: true, dataBytes: 4_000_000, messages: 244, cutBytes: 0)
            ])
    }

    private mutating func vanish() -> ProfileResult {
        ProfileResult(
            name: "vanish", summary: "Disappear without a FIN.", goodServer: "Notices and lets go of the memory.",
            verdict: .inconclusive, criterion: "memory is given back",
            reasons: ["the server's process was not watched; give --pid"],
            figures: [:], seconds: 3,
            canary: CanaryResult(
                calls: 0, failures: 2, medianSeconds: 0, percentile99Seconds: 0, longestSeconds: 0, steadyBytes: 0,
                longestGapSeconds: 0), streams: [], samples: [])
    }

    private mutating func moments(
        _ seconds: Double, _ fill: (inout SampleResult, Double, inout SplitMix) -> Void
    ) -> [SampleResult] {
        var used = 0.0
        return (0...Int(seconds * rate)).map { index in
            let time = Double(index) / rate
            var sample = SampleResult(seconds: time, dataBytes: 0, openStreams: 0)
            sample.residentBytes = 31_000_000 + Int(2_000_000 * min(time, 1)) + Int(100_000 * random.unit())
            if index.isMultiple(of: 3) {
                let isPeak = index.isMultiple(of: 57)
                sample.canarySeconds = (isPeak ? 0.008 : 0.0006) * (1 + 0.8 * random.unit()) * (server == .bad ? 9 : 1)
            }
            used += (0.12 + 0.1 * random.unit()) / rate
            sample.processorSeconds = (used * 100).rounded() / 100
            fill(&sample, time, &random)
            return sample
        }
    }

    private mutating func result(
        _ name: String, _ verdict: Judgement.Verdict, _ summary: String, _ goodServer: String, _ criterion: String,
        _ reasons: [String], _ figures: [String: FigureValue], _ seconds: Double, samples: [SampleResult],
        streams: [StreamResult]
    ) -> ProfileResult {
        let latencies = samples.compactMap(\.canarySeconds).sorted()
        let memory = samples.compactMap(\.residentBytes)
        return ProfileResult(
            name: name, summary: summary, goodServer: goodServer, verdict: verdict, criterion: criterion,
            reasons: reasons,
            figures: figures, seconds: seconds,
            canary: CanaryResult(
                calls: latencies.count, failures: 0, medianSeconds: latencies[latencies.count / 2],
                percentile99Seconds: latencies[latencies.count * 99 / 100], longestSeconds: latencies.last ?? 0,
                steadyBytes: 40_000_000, longestGapSeconds: 0.034),
            process: ProcessResult(
                residentBytesBefore: memory.first ?? 0, residentBytesPeak: memory.max() ?? 0,
                residentBytesAfter: (memory.first ?? 0) + 400_000,
                processorSeconds: samples.last?.processorSeconds ?? 0,
                isAlive: true), streams: streams, samples: samples)
    }
}

/// Numbers that look random and are the same every time.
struct SplitMix {
    var state: UInt64

    /// From 0 up to 1.
    mutating func unit() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ (mixed >> 31)) >> 11) / 9_007_199_254_740_992
    }
}
