// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// Servers side by side, from the reports of their benches: a page, or a Markdown table.
public enum ComparisonReport {
    /// Most reports that are put side by side, the first ones: as many as there are lines that can be told apart.
    public static let mostReports = TimelinePlot.mostStyles

    /// The page; for a single report its own page (``HTMLReport``), which says more.
    public static func page(_ reports: [BenchReport]) -> String {
        if reports.count == 1, let only = reports.first { return HTMLReport.page(only) }
        let comparison = Comparison(reports)
        let anchors = HTMLPage.anchors(comparison.profiles)
        let sections = zip(comparison.profiles, anchors).map { section($0, $1, comparison) }
        let labels = comparison.servers.map { VisibleText.line($0.label) }
        let page = HTMLPage(
            title: "Slow-client comparison: \(labels.joined(separator: ", "))", header: header(comparison),
            main: """
                <h2 id="verdicts">Verdicts</h2>
                \(matrix(comparison, anchors))
                <h2>Profiles</h2>
                \(sections)
                """)
        return page.text
    }

    private static func header(_ comparison: Comparison) -> Markup {
        let rows: [Markup] = comparison.settings.map { setting in
            let flag: Markup = setting.misleads ? #" <span class="differs">differs</span>"# : .none
            let cells: [Markup] = setting.values.map { "<td>\($0)</td>" }
            return #"<tr><th scope="row">\#(setting.name)\#(flag)</th>\#(cells)</tr>"#
        }
        let warning: Markup =
            comparison.warning.map { #"<p class="notice"><strong>Take care.</strong> \#($0)</p>"# } ?? .none
        let leftOut: Markup =
            comparison.leftOut > 0
            ? #"<p class="notice">\#(FigureText.count(comparison.leftOut)) more reports were left out.</p>"# : .none
        return """
            <p class="kicker">Slow-client comparison</p>
            <h1>\(comparison.servers.map(\.label).joined(separator: " · "))</h1>
            \(warning)\(leftOut)
            <h2 class="minor">How the benches were run</h2>
            <div class="card scroll settings" tabindex="0" role="region" aria-label="Settings">
            <table class="servers"><thead><tr><th scope="col">Setting</th>\(heads(comparison))</tr></thead>
            <tbody>\(rows)\(counts(comparison))</tbody></table></div>
            """
    }

    private static func heads(_ comparison: Comparison) -> [Markup] {
        comparison.servers.map { #"<th scope="col">\#($0.label)</th>"# }
    }

    private static func counts(_ comparison: Comparison) -> Markup {
        let cells: [Markup] = comparison.servers.map { server in
            let counts = VerdictMark.order.map { verdict in
                (verdict, max(0, VerdictMark.count(server.report.summary, verdict)))
            }
            let marks: [Markup] = counts.filter { $0.1 > 0 }.map { verdict, count in
                let words = "\(FigureText.count(count)) \(verdict.rawValue)"
                return #"<span class="badge \#(verdict.rawValue)">\#(VerdictMark.icon(verdict))\#(words)</span> "#
            }
            return "<td>\(marks)</td>"
        }
        return #"<tr><th scope="row">Verdicts</th>\#(cells)</tr>"#
    }

    private static func matrix(_ comparison: Comparison, _ anchors: [String]) -> Markup {
        guard !comparison.profiles.isEmpty else { return #"<p class="note">No profile ran.</p>"# }
        let rows: [Markup] = zip(comparison.profiles, anchors).map { name, anchor in
            let cells: [Markup] = comparison.results(name).map { result in
                guard let result else { return #"<td class="none">not run</td>"# }
                let figures = KeyFigures(result)
                let parts = [figures.endedAfterText.map { "after " + $0 }, figures.endText].compactMap(\.self)
                return """
                    <td>\(VerdictMark.badge(result.verdict))<span class="sub">\(parts.joined(separator: ", "))</span></td>
                    """
            }
            return """
                <tr><th scope="row"><a href="#\(anchor)">\(name)</a></th>\(cells)</tr>
                """
        }
        return """
            <div class="card scroll" tabindex="0" role="region" aria-label="Verdicts">
            <table class="servers"><thead><tr><th scope="col">Profile</th>\(heads(comparison))</tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private static func section(_ name: String, _ anchor: String, _ comparison: Comparison) -> Markup {
        let results = comparison.results(name)
        guard let first = results.compactMap(\.self).first else { return .none }
        let verdicts: [Markup] = results.map { result in
            guard let result else { return #"<td class="none">not run</td>"# }
            return """
                <td>\(VerdictMark.badge(result.verdict))<span class="sub">\(result.reasons.first ?? "")</span></td>
                """
        }
        let rows: [Markup] = comparison.figures(name).map { row in
            let cells: [Markup] = row.values.map { "<td>\($0)</td>" }
            return #"<tr><th scope="row">\#(row.name)</th>\#(cells)</tr>"#
        }
        let runs = zip(comparison.servers, results).compactMap { server, result in
            result.map { profile in
                TimelinePlot.Run(
                    label: server.shortLabel, style: server.style, profile: profile,
                    deadlineSeconds: server.report.settings.stallDeadlineSeconds, canaryAloneSeconds: nil)
            }
        }
        let plot = TimelinePlot(runs, id: anchor + "-plot", name: "Timeline")
        return """
            <section class="profile card" id="\(anchor)" aria-labelledby="\(anchor)-name">
            <header><h3 id="\(anchor)-name">\(name)</h3><a class="top" href="#verdicts">All verdicts</a></header>
            <div class="about"><div><h4>Clients</h4><p>\(first.summary)</p></div>\
            <div><h4>A good server</h4><p>\(first.goodServer)</p></div></div>
            <div class="scroll figures-table" tabindex="0" role="region" aria-label="Figures of \(name)">
            <table class="servers"><thead><tr><th scope="col">Figure</th>\(heads(comparison))</tr></thead>
            <tbody><tr><th scope="row">Verdict</th>\(verdicts)</tr>\(rows)</tbody></table></div>
            \(plot.markup)
            </section>
            """
    }
}
