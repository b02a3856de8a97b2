// SPDX-License-Identifier: Apache-2.0

import WeirTesting

extension ComparisonReport {
    /// The matrix of verdicts as a Markdown table, with when and how most calls ended.
    public static func markdown(_ reports: [BenchReport]) -> String {
        let comparison = Comparison(reports)
        var lines: [String] = []
        if let warning = comparison.warning {
            lines += ["**Take care.** " + escaped(warning), ""]
            lines += comparison.settings.filter(\.misleads).map { setting in
                let values = zip(comparison.servers, setting.values).map { "\($0.label): \($1)" }
                return "- \(escaped(setting.name)): \(escaped(values.joined(separator: ", ")))"
            }
            lines.append("")
        }
        lines.append(row(["profile"] + comparison.servers.map { escaped($0.label) }))
        lines.append(row(Array(repeating: "---", count: comparison.servers.count + 1)))
        for profile in comparison.profiles {
            let cells = comparison.results(profile).map { result in
                guard let result else { return "not run" }
                let figures = KeyFigures(result)
                let parts = [figures.endedAfterText.map { "after " + $0 }, figures.endText].compactMap(\.self)
                // A word that is bold, not a colour: what is not a pass should be seen.
                let verdict = result.verdict.rawValue
                let shown = result.verdict == .pass ? verdict : "**\(verdict)**"
                return ([shown] + (parts.isEmpty ? [] : [escaped(parts.joined(separator: ", "))])).joined(
                    separator: ": ")
            }
            lines.append(row([escaped(profile)] + cells))
        }
        if comparison.leftOut > 0 { lines += ["", "\(comparison.leftOut) more reports were left out."] }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    /// Text that stands for itself in a Markdown table: what could begin markup or end a cell gets a backslash.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in VisibleText.line(text).unicodeScalars {
            if #"\`*_{}[]<>()#+!|~&$"#.unicodeScalars.contains(character) { result += "\\" }
            result.unicodeScalars.append(character)
        }
        return result
    }
}
