// SPDX-License-Identifier: Apache-2.0

/// The few figures of a profile that every report shows, and that are comparable between servers.
///
/// A figure that the profile's own judgement names wins over one that is worked out here.
struct KeyFigures: Sendable, Equatable {
    /// A figure under its heading.
    struct Entry: Sendable, Equatable {
        var title: String
        /// Nil when it is not known.
        var value: String?
    }

    /// Seconds from the last byte of a call to its end, for the calls that the server cut: the median and the longest.
    let endedAfter: (median: Double, longest: Double)?
    /// How most calls ended, and how many of them that were.
    let end: (how: CallEnd, calls: Int)?
    /// Calls that are known.
    let calls: Int
    /// Memory that the server held at most, more than before, for each call of the profile.
    let memoryPerStreamBytes: Double?
    /// Memory that the server did not give back.
    let memoryKeptBytes: Double?
    /// Time to the first message of 99 of 100 of the canary's calls; nil without a call.
    let canarySeconds: Double?
    /// The canary's calls that failed.
    let canaryFailures: Int
    /// Processor time for each second, 1 being a whole core.
    let processorRatio: Double?

    /// Works the figures out.
    init(_ profile: ProfileResult) {
        let ends = profile.streams.map(CallEnd.init)
        let waits = zip(profile.streams, ends).compactMap { stream, end -> Double? in
            guard !end.isSuccess, end != .none, let ended = stream.endedSeconds else { return nil }
            let wait = ended - (stream.lastDataSeconds ?? stream.beganSeconds)
            return wait.isFinite ? wait : nil
        }.sorted()
        if case .number(let seconds) = profile.figures["endedAfterSeconds"], seconds.isFinite {
            endedAfter = (seconds, max(seconds, waits.last ?? seconds))
        } else {
            endedAfter = waits.last.map { (waits[waits.count / 2], $0) }
        }
        var counts: [CallEnd: Int] = [:]
        for end in ends { counts[end, default: 0] += 1 }
        // Of equals the one that came first, so that a report of the same data is the same text.
        end = ends.reduce(nil as (how: CallEnd, calls: Int)?) { best, end in
            let count = counts[end, default: 0]
            return count > (best?.calls ?? 0) ? (end, count) : best
        }
        calls = max(profile.streams.count, profile.streamCount ?? 0)
        if case .number(let bytes) = profile.figures["memoryPerStreamBytes"], bytes.isFinite {
            memoryPerStreamBytes = bytes
        } else {
            let streams = Double(max(calls, 1))
            memoryPerStreamBytes = profile.process.map {
                max(0, Double($0.residentBytesPeak) - Double($0.residentBytesBefore)) / streams
            }
        }
        memoryKeptBytes = profile.process.map { Double($0.residentBytesAfter) - Double($0.residentBytesBefore) }
        canarySeconds = profile.canary.calls > 0 ? profile.canary.percentile99Seconds : nil
        canaryFailures = profile.canary.failures
        processorRatio = profile.process.flatMap { process in
            profile.seconds > 0 && process.processorSeconds.isFinite ? process.processorSeconds / profile.seconds : nil
        }
    }

    /// When calls were cut, such as `10.1 s`, or `10.1 s, longest 12 s` when they differ by more than a tenth.
    var endedAfterText: String? {
        endedAfter.map { after in
            let text = FigureText.seconds(after.median)
            return after.longest > after.median * 1.1 ? text + ", longest " + FigureText.seconds(after.longest) : text
        }
    }

    /// How most calls ended.
    var endText: String? {
        end.map { $0.calls == calls || calls == 0 ? $0.how.text : "\($0.how.text) (\($0.calls) of \(calls))" }
    }

    /// The figures under short headings, in the order of the reports' columns.
    var entries: [Entry] {
        [
            Entry(title: "Ended after", value: endedAfterText),
            Entry(title: "Ended with", value: endText),
            Entry(title: "Memory per stream", value: memoryPerStreamBytes.map(FigureText.bytes)),
            Entry(title: "Canary p99", value: canaryText),
            Entry(title: "CPU", value: processorText),
        ]
    }

    /// The canary's latency, and its failures if there were any.
    var canaryText: String? {
        let failed = canaryFailures > 0 ? "\(FigureText.count(canaryFailures)) failed" : nil
        let parts = [canarySeconds.map(FigureText.seconds), failed].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The part of a core that the server used.
    var processorText: String? { processorRatio.map { FigureText.text($0 * 100, .percent) } }

    /// Whether two are the same.
    static func == (left: KeyFigures, right: KeyFigures) -> Bool {
        left.entries == right.entries && left.memoryKeptBytes == right.memoryKeptBytes
    }
}
