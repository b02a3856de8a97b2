// SPDX-License-Identifier: Apache-2.0

/// The rows as a table for a terminal.
enum Table {
    static func text(_ rows: [Row]) -> String {
        let head = [
            "strategy", "load", "goodput", "p50 ms", "p99 ms", "x unloaded", "rejected", "dropped", "queue", "memory",
        ]
        var lines = [head]
        var last = ""
        for row in rows {
            lines.append([
                row.strategy == last ? "" : row.strategy, decimal(row.load, 1), decimal(row.goodput, 2),
                decimal(row.p50, 1), decimal(row.p99, 1), decimal(row.p99OverUnloaded, 1), percent(row.rejected),
                percent(row.dropped), "\(row.peakQueue)", size(row.peakMemoryBytes),
            ])
            last = row.strategy
        }
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            line.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    static func decimal(_ value: Double, _ places: Int) -> String {
        let scale = places == 1 ? 10.0 : 100.0
        let whole = Int((value * scale).rounded())
        let fraction = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    static func percent(_ part: Double) -> String { part == 0 ? "-" : "\(decimal(100 * part, 1)) %" }

    static func size(_ bytes: Int) -> String {
        bytes < 1 << 20 ? "\(decimal(Double(bytes) / 1024, 1)) KiB" : "\(decimal(Double(bytes) / 1_048_576, 1)) MiB"
    }
}
