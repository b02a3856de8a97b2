// SPDX-License-Identifier: Apache-2.0

/// The page with the plots: "without" and "with" next to each other, and every other strategy to compare.
struct Page {
    var rows: [Row]
    var meanings: [String: String]
    var check: [SocketCheck.Figure]

    var html: String {
        """
        <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>Overload, with and without backpressure</title>
        <style>\(Self.style)</style>
        <h1>Overload, with and without backpressure</h1>
        <p>A server of 8 cores, calls of 10 to 30 ms, callers that give up after a second; and a stream whose producer is
        faster than its consumer. Load is a multiple of what can be done. Computed in virtual time; move over a line or a
        name to see it alone.</p>
        \(section(.calls, "Calls to a server", """
            Without anything in front, calls share the cores until each takes longer than its caller waits: all work is
            done in vain. With the default chain what is too much is turned away at once, and told when to come back.
            """))
        \(section(.stream, "Messages of a stream", """
            Without an end to the buffer every message gets older and memory grows as long as the stream lasts. Each
            policy gives up something else: the producer's pace, the newest, the oldest, or the stream.
            """))
        \(checkSection)
        <script>\(Self.script)</script></html>
        """
    }

    private func section(_ scenario: Row.Scenario, _ title: String, _ text: String) -> String {
        let rows = rows.filter { $0.scenario == scenario }
        var names: [String] = []
        for row in rows where !names.contains(row.strategy) { names.append(row.strategy) }
        let lines = { (value: @escaping (Row) -> Double) in
            names.map { name in
                (name: name, points: rows.filter { $0.strategy == name }.map { (load: $0.load, value: value($0)) })
            }
        }
        let lost = scenario == .calls ? "Turned away" : "Lost"
        let plots = [
            Plot(title: "Goodput", unit: "of what can be done", mark: 0.9, lines: lines(\.goodput)),
            Plot(
                title: scenario == .calls ? "Latency of accepted calls, p50" : "Age of messages, p50", unit: "ms",
                isLogarithmic: true, lines: lines(\.p50)),
            Plot(
                title: scenario == .calls ? "Latency of accepted calls, p99" : "Age of messages, p99", unit: "ms",
                isLogarithmic: true, lines: lines(\.p99)),
            Plot(
                title: "Longest queue", unit: scenario == .calls ? "calls running or waiting" : "messages",
                isLogarithmic: true, lines: lines { Double($0.peakQueue) }),
            Plot(
                title: "Most memory", unit: "KiB", isLogarithmic: true,
                lines: lines { Double($0.peakMemoryBytes) / 1024 }),
            Plot(title: lost, unit: "%", lines: lines { 100 * ($0.rejected + $0.dropped) }),
        ]
        let legend = names.enumerated().map { number, name in
            "<li data-name=\"\(name)\"><i style=\"background:\(Plot.colours[number % Plot.colours.count])\"></i>"
                + "<b>\(name)</b> \(meanings[name] ?? "")</li>"
        }
        return "<h2>\(title)</h2><p>\(text)</p><ul class=\"legend\">\(legend.joined())</ul><div class=\"plots\">"
            + plots.map(\.svg).joined() + "</div>" + table(rows)
    }

    private func table(_ rows: [Row]) -> String {
        let cells = rows.map { row in
            let values = [
                row.strategy, Plot.label(row.load), Table.decimal(row.goodput, 2), Table.decimal(row.p50, 1),
                Table.decimal(row.p99, 1), Table.decimal(row.p99OverUnloaded, 1), Table.percent(row.rejected),
                Table.percent(row.dropped), "\(row.peakQueue)", Table.size(row.peakMemoryBytes),
            ]
            return "<tr><td>" + values.joined(separator: "<td>")
        }
        return "<details><summary>Figures</summary><table><tr><th>strategy<th>load<th>goodput<th>p50 ms<th>p99 ms"
            + "<th>x unloaded<th>rejected<th>dropped<th>queue<th>memory\(cells.joined())</table></details>"
    }

    private var checkSection: String {
        guard !check.isEmpty else { return "" }
        let cells = check.map { figure in
            "<tr><td>\(figure.strategy)<td>\(Plot.label(figure.load))<td>\(figure.offered)<td>\(Table.decimal(figure.goodput, 2))"
                + "<td>\(Table.decimal(figure.p50, 1))<td>\(Table.decimal(figure.p99, 1))<td>\(figure.rejected)"
                + "<td>\(figure.gaveUp)"
        }
        return """
            <h2>Checked on real sockets</h2><p>A Weir server on one event loop in this process, whose handler keeps the
            processor busy for \(SocketCheck.workMilliseconds) ms in slices, so that calls share it; calls come over a
            socket whether or not earlier ones were answered, and are given up after a second.</p>
            <table><tr><th>strategy<th>load<th>calls<th>goodput<th>p50 ms<th>p99 ms<th>turned away<th>gave up\(cells.joined())</table>
            """
    }

    private static let style = """
        :root{color-scheme:light dark;--ink:#1d2733;--soft:#66727f;--line:#d9dfe5;--back:#fff}
        @media(prefers-color-scheme:dark){:root{--ink:#e3e8ee;--soft:#94a1ae;--line:#36404a;--back:#14191f}}
        body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:1480px;margin:2rem auto;padding:0 1.2rem}
        p{max-width:70ch}.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(400px,1fr));gap:1rem}
        figure{margin:0;border:1px solid var(--line);border-radius:8px;padding:.6rem}figcaption{font-weight:600}
        small{color:var(--soft);font-weight:400}svg{width:100%;height:auto}.grid{stroke:var(--line)}
        .mark{stroke:var(--soft);stroke-dasharray:5 4}.tick{fill:var(--soft);font-size:12px}.line{fill:none}
        .legend{list-style:none;padding:0;columns:2;max-width:110ch}.legend i{display:inline-block;width:1.1em;height:.35em;margin-right:.5em;vertical-align:middle}
        .fade{opacity:.08}table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1rem 0}
        td,th{padding:.15rem .7rem;text-align:right;border-bottom:1px solid var(--line)}td:first-child,th:first-child{text-align:left}
        """

    private static let script = """
        document.querySelectorAll('[data-name]').forEach(e=>{const s=n=>document.querySelectorAll('.line,circle,.legend li')
        .forEach(o=>o.classList.toggle('fade',n!==null&&o.dataset.name!==n));
        e.addEventListener('mouseenter',()=>s(e.dataset.name));e.addEventListener('mouseleave',()=>s(null))})
        """
}
