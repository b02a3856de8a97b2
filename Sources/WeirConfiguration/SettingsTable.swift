// SPDX-License-Identifier: Apache-2.0

/// Settings as a table for a person.
package enum SettingsTable {
    /// The rows of a Markdown table: name, flag, environment variable, default, meaning.
    package static func markdown<Root>(_ settings: [Setting<Root>], defaults: Root) -> String {
        var lines = ["| key | flag | environment | default | per method | meaning |", "|---|---|---|---|---|---|"]
        for setting in settings {
            let value = setting.defaultText ?? "`\(setting.value(defaults))`"
            let perMethod = setting.method == nil ? "" : "yes"
            lines.append(
                "| `\(setting.name)` | `\(setting.flag)` | `\(setting.environmentName)` | \(value) | \(perMethod) | "
                    + "\(setting.meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Rows of words in columns.
    package static func aligned(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, word) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], word.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, word in
                column == row.count - 1 ? word : word + String(repeating: " ", count: widths[column] - word.count)
            }.joined(separator: "  ") + "\n"
        }.joined()
    }
}
