// SPDX-License-Identifier: Apache-2.0

/// One strategy at one load.
struct Row {
    /// Whether calls come to a server, or messages to a stream.
    enum Scenario: String, CaseIterable {
        case calls
        case stream
    }

    var scenario: Scenario
    var strategy: String
    /// What comes, as a multiple of what can be done.
    var load: Double
    /// What was done in time, as a part of what can be done.
    var goodput: Double
    /// Of what was done, in milliseconds.
    var p50: Double
    var p99: Double
    /// The p99 as a multiple of that without load.
    var p99OverUnloaded: Double
    var rejected: Double
    var dropped: Double
    /// Calls that ran or waited, or messages that were held, at most.
    var peakQueue: Int
    var peakMemoryBytes: Int

    /// As one line of JSON.
    var json: String {
        let number = { (value: Double) in "\((value * 10_000).rounded() / 10_000)" }
        return "{\"scenario\": \"\(scenario.rawValue)\", \"strategy\": \"\(strategy)\", \"load\": \(number(load)), "
            + "\"goodput_of_peak\": \(number(goodput)), \"p50_ms\": \(number(p50)), \"p99_ms\": \(number(p99)), "
            + "\"p99_over_unloaded\": \(number(p99OverUnloaded)), \"rejected_fraction\": \(number(rejected)), "
            + "\"dropped_fraction\": \(number(dropped)), \"peak_queue\": \(peakQueue), "
            + "\"peak_memory_bytes\": \(peakMemoryBytes)}"
    }
}

extension [Row] {
    /// A list, one row a line.
    var json: String { "[\n  " + map(\.json).joined(separator: ",\n  ") + "\n]\n" }
}
