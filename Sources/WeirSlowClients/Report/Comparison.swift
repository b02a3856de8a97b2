// SPDX-License-Identifier: Apache-2.0

/// Reports side by side: which profiles there are, what each server did, and what keeps figures from being comparable.
struct Comparison: Sendable {
    /// A server with its report.
    struct Server: Sendable {
        /// Its label, told apart from the others'.
        var label: String
        /// Its colour.
        var style: Int
        var report: BenchReport

        /// The label as plots have room for it: without its middle, since versions stand at the end.
        var shortLabel: String { label.count > 28 ? label.prefix(15) + "…" + label.suffix(12) : label }
    }

    /// A setting of all servers.
    struct Setting: Sendable, Equatable {
        var name: String
        var values: [String]
        /// Whether figures depend on it.
        var matters: Bool

        /// Whether it is not the same for all, and figures depend on it.
        var misleads: Bool { matters && Set(values).count > 1 }
    }

    /// The servers, in the order of the reports.
    let servers: [Server]
    /// The names of the profiles that any of them was put to, in the order in which they first occur.
    let profiles: [String]
    /// Reports beyond ``ComparisonReport/mostReports``, which are left out.
    let leftOut: Int

    /// Puts reports side by side.
    init(_ reports: [BenchReport]) {
        var taken: Set<String> = []
        servers = reports.prefix(ComparisonReport.mostReports).enumerated().map { index, report in
            var label = report.label
            var number = 2
            while !taken.insert(label).inserted {
                label = "\(report.label) (\(number))"
                number += 1
            }
            return Server(label: label, style: index, report: report)
        }
        var known: Set<String> = []
        profiles = servers.flatMap { $0.report.profiles.map(\.name) }.filter { known.insert($0).inserted }
        leftOut = reports.count - servers.count
    }

    /// What each server did about a profile; nil where it did not run.
    func results(_ profile: String) -> [ProfileResult?] {
        servers.map { server in server.report.profiles.first { $0.name == profile } }
    }

    /// How the benches were run.
    var settings: [Setting] {
        func row(_ name: String, matters: Bool = true, _ value: (BenchReport) -> String) -> Setting {
            Setting(name: name, values: servers.map { value($0.report) }, matters: matters)
        }
        return [
            row("Target", matters: false, \.target),
            row("Method", matters: false, \.method),
            row("Began", matters: false) { HTMLPage.moment($0.began) },
            row("Stall deadline") { FigureText.seconds($0.settings.stallDeadlineSeconds) },
            row("Profiles last") { FigureText.seconds($0.settings.durationSeconds) },
            row("Streams") { FigureText.count($0.settings.streams) },
            row("Connections") { FigureText.count($0.settings.connections) },
            row("Whole response") { $0.control.responseBytes.map { FigureText.bytes(Double($0)) } ?? "endless" },
            row("Largest message") { FigureText.bytes(Double($0.control.largestMessageBytes)) },
            row("A fast client gets", matters: false) { FigureText.text($0.control.bytesPerSecond, .bytesPerSecond) },
            row("Canary alone, p99", matters: false) { FigureText.seconds($0.canaryAlone.percentile99Seconds) },
            row("Complete", matters: false) { $0.isComplete ? "yes" : "no, interrupted" },
        ]
    }

    /// What makes figures incomparable: a sentence, or nil.
    var warning: String? {
        let names = settings.filter(\.misleads).map { $0.name.lowercased() }
        guard !names.isEmpty else { return nil }
        return "These settings are not the same for all servers: " + names.joined(separator: ", ")
            + ". Figures that depend on them cannot be compared as they stand."
    }

    /// The figures of a profile, by name, for all servers; rows that nobody has a value for are left out.
    func figures(_ profile: String) -> [(name: String, values: [String])] {
        let results = results(profile)
        let keys = results.map { $0.map(KeyFigures.init) }
        var rows: [(name: String, values: [String?])] = []
        for (index, title) in (keys.compactMap(\.self).first?.entries.map(\.title) ?? []).enumerated() {
            rows.append((title, keys.map { $0?.entries[index].value }))
            guard title == "Canary p99" else { continue }
            rows.append(
                (
                    "Canary p99 alone",
                    zip(servers, keys).map { server, key in
                        let alone = server.report.canaryAlone
                        return key == nil || alone.calls <= 0 ? nil : FigureText.seconds(alone.percentile99Seconds)
                    }
                ))
        }
        rows.append(("Memory not given back", keys.map { $0?.memoryKeptBytes.map(FigureText.bytes) }))
        let names = Set(results.flatMap { $0.map { Array($0.figures.keys) } ?? [] }).sorted()
        for name in names.prefix(ProfileSection.mostFigures) {
            rows.append(
                (
                    FigureText.label(name).words,
                    results.map { result in result?.figures[name].map { FigureText.value($0, named: name) } }
                ))
        }
        return rows.filter { row in row.values.contains { $0 != nil } }.map { ($0.name, $0.values.map { $0 ?? "–" }) }
    }
}
