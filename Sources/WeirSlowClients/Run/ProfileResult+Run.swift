// SPDX-License-Identifier: Apache-2.0

internal import WeirTesting

extension ProfileResult {
    /// What a run found out, as it is written down.
    ///
    /// - Parameter startedAfter: when each connection was begun, so that all times count from the profile's beginning.
    init(
        _ profile: any BenchProfile, _ judgement: Judgement, _ seen: BenchObservation, _ startedAfter: [Duration]
    ) {
        self.init(
            name: profile.name, summary: profile.summary, goodServer: profile.goodServer, verdict: judgement.verdict,
            criterion: judgement.criterion, reasons: judgement.reasons.map { GRPCMessage.printable($0, atMost: 1_000) },
            figures: Dictionary(judgement.figures.map { ($0.name, FigureValue($0.value)) }) { $1 },
            seconds: seen.elapsed / .seconds(1), canary: CanaryResult(seen.canary),
            process: seen.process.map(ProcessResult.init), streams: Self.streams(seen, startedAfter),
            streamCount: seen.connections.reduce(0) { $0 + $1.callsBegun },
            samples: seen.samples.map(SampleResult.init))
    }

    private static func streams(_ seen: BenchObservation, _ startedAfter: [Duration]) -> [StreamResult] {
        var results: [StreamResult] = []
        for (number, connection) in seen.connections.enumerated() {
            let start = number < startedAfter.count ? startedAfter[number] : .zero
            for stream in connection.streams {
                guard results.count < keptStreams else { return results }
                results.append(StreamResult(stream, connection: number, start: start))
            }
        }
        return results
    }
}

extension FigureValue {
    init(_ figure: Judgement.Figure) {
        self =
            switch figure {
            case .number(let number): .number(number)
            case .text(let text): .text(GRPCMessage.printable(text, atMost: 1_000))
            }
    }
}

extension StreamResult {
    init(_ stream: StreamRecord, connection: Int, start: Duration) {
        func seconds(_ time: Duration) -> Double { (start + time) / .seconds(1) }
        self.init(
            connection: connection, stream: Int(stream.stream), beganSeconds: seconds(stream.beganAt),
            lastDataSeconds: stream.lastDataAt.map(seconds), endedSeconds: stream.endedAt.map(seconds),
            status: stream.status,
            message: stream.text.map { GRPCMessage.printable($0, atMost: 1_000) },
            hasDetails: stream.hasDetails, reset: stream.reset.map { Int($0) }, dataBytes: stream.dataBytes,
            messages: stream.messages, cutBytes: stream.cutBytes)
    }
}

extension CanaryResult {
    init(_ canary: BenchObservation.Canary) {
        self.init(
            calls: canary.calls, failures: canary.failures, medianSeconds: canary.median / .seconds(1),
            percentile99Seconds: canary.percentile99 / .seconds(1), longestSeconds: canary.longest / .seconds(1),
            steadyBytes: canary.steadyBytes, longestGapSeconds: canary.longestGap / .seconds(1))
    }
}

extension ProcessResult {
    init(_ process: BenchObservation.Process) {
        self.init(
            residentBytesBefore: process.residentBytesBefore, residentBytesPeak: process.residentBytesPeak,
            residentBytesAfter: process.residentBytesAfter, processorSeconds: process.processorTime / .seconds(1),
            isAlive: process.isAlive)
    }
}

extension SampleResult {
    init(_ sample: BenchObservation.Sample) {
        self.init(
            seconds: sample.at / .seconds(1), dataBytes: sample.dataBytes, openStreams: sample.openStreams,
            streamWindowBytes: sample.streamWindowBytes, connectionWindowBytes: sample.connectionWindowBytes,
            canarySeconds: sample.canaryLatency.map { $0 / .seconds(1) }, residentBytes: sample.residentBytes,
            processorSeconds: sample.processorTime.map { $0 / .seconds(1) })
    }
}
