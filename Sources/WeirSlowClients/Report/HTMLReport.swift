// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// A report as one HTML file: it needs no network and no script, and fits screens, phones and paper in light and dark.
public enum HTMLReport {
    /// The page.
    public static func page(_ report: BenchReport) -> String {
        let anchors = HTMLPage.anchors(report.profiles.map(\.name))
        let sections = zip(report.profiles, anchors).map {
            ProfileSection(report: report, profile: $0, anchor: $1).markup
        }
        let page = HTMLPage(
            title: "\(VisibleText.line(report.label)) · slow-client report", header: header(report),
            main: """
                <h2 id="verdicts">Verdicts</h2>
                \(matrix(report, anchors))
                <h2>Profiles</h2>
                \(sections)
                """)
        return page.text
    }

    private static func header(_ report: BenchReport) -> Markup {
        let settings = report.settings
        let streams = "\(FigureText.count(settings.streams)) × \(FigureText.count(settings.connections))"
        let facts = HTMLPage.facts([
            ("Began", HTMLPage.moment(report.began)), ("Took", FigureText.seconds(report.seconds)),
            ("Stall deadline", FigureText.seconds(settings.stallDeadlineSeconds)),
            ("Profiles last", FigureText.seconds(settings.durationSeconds)),
            ("Streams × connections", streams),
            ("Server process", settings.pid.map { "\($0)" } ?? "not watched"),
        ])
        let incomplete: Markup =
            report.isComplete
            ? .none
            : """
            <p class="notice"><strong>Incomplete.</strong> The bench was interrupted; only the profiles below ran.</p>
            """
        return """
            <p class="kicker">Slow-client report</p>
            <h1>\(report.label)</h1>
            <p class="address"><code>\(report.target)</code> <code>\(report.method)</code></p>
            \(facts)
            \(tiles(report))
            \(incomplete)
            <h2 class="minor">With nobody slow</h2>
            \(baseline(report))
            """
    }

    private static func tiles(_ report: BenchReport) -> Markup {
        let counts = VerdictMark.order.map { ($0, max(0, VerdictMark.count(report.summary, $0))) }
        let tiles: [Markup] = counts.map { verdict, count in
            let zero: Markup = count == 0 ? " zero" : ""
            return """
                <li><span class="number\(zero)">\(FigureText.count(count))</span>\
                <span class="word \(verdict.rawValue)">\(VerdictMark.icon(verdict))\(verdict.rawValue)</span></li>
                """
        }
        let total = counts.reduce(0.0) { $0 + Double($1.1) }
        guard total > 0 else { return #"<ul class="tiles">\#(tiles)</ul>"# }
        var from = 0.0
        let parts: [Markup] = counts.map { verdict, count in
            let part = Double(count) / total * 100
            defer { from += part }
            let (x, width) = (FigureText.fixed(from, digits: 2), FigureText.fixed(part, digits: 2))
            return #"<rect class="\#(verdict.rawValue)" x="\#(x)%" width="\#(width)%" height="8"/>"#
        }
        return #"<ul class="tiles">\#(tiles)</ul><svg class="share" aria-hidden="true">\#(parts)</svg>"#
    }

    /// What clients saw that are not slow, with nobody slow beside them.
    private static func baseline(_ report: BenchReport) -> Markup {
        let (control, canary) = (report.control, report.canaryAlone)
        return HTMLPage.facts([
            ("Whole response", control.responseBytes.map { FigureText.bytes(Double($0)) } ?? "endless"),
            ("Largest message", FigureText.bytes(Double(control.largestMessageBytes))),
            ("A fast client gets", FigureText.text(control.bytesPerSecond, .bytesPerSecond)),
            ("First byte after", FigureText.seconds(control.firstDataSeconds)),
            (
                "Canary p99, median",
                "\(FigureText.seconds(canary.percentile99Seconds)), "
                    + FigureText.seconds(canary.medianSeconds)
            ),
            ("Canary calls, failed", "\(FigureText.count(canary.calls)), \(FigureText.count(canary.failures))"),
        ])
    }

    private static func matrix(_ report: BenchReport, _ anchors: [String]) -> Markup {
        guard !report.profiles.isEmpty else { return #"<p class="note">No profile ran.</p>"# }
        let figures = report.profiles.map(KeyFigures.init)
        let titles = figures.first?.entries.map(\.title) ?? []
        // A column that nobody has a value for says nothing.
        let columns = titles.indices.filter { column in figures.contains { $0.entries[column].value != nil } }
        let isExplained = report.profiles.contains { !$0.reasons.isEmpty }
        let reason: Markup = isExplained ? #"<th scope="col" role="columnheader">Why</th>"# : .none
        let heads: [Markup] = columns.map { #"<th scope="col" role="columnheader">\#(titles[$0])</th>"# }
        let rows: [Markup] = zip(zip(report.profiles, anchors), figures).map { row, figures in
            let (profile, anchor) = row
            let cells: [Markup] = columns.map { column in
                let none: Markup = figures.entries[column].value == nil ? " none" : ""
                return """
                    <td class="short\(none)" role="cell" data-label="\(titles[column])">\
                    \(figures.entries[column].value ?? "–")</td>
                    """
            }
            return """
                <tr role="row"><th scope="row" role="rowheader"><a href="#\(anchor)">\(profile.name)</a></th>\
                <td role="cell">\(VerdictMark.badge(profile.verdict))</td>\(isExplained ? why(profile) : .none)\(cells)</tr>
                """
        }
        return """
            <div class="card scroll" tabindex="0" role="region" aria-label="Verdicts">
            <table class="matrix" role="table">
            <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Profile</th>\
            <th scope="col" role="columnheader">Verdict</th>\(reason)\(heads)</tr></thead>
            <tbody role="rowgroup">\(rows)</tbody>
            </table>
            </div>
            """
    }

    /// The first reason; a profile that passed often has none.
    private static func why(_ profile: ProfileResult) -> Markup {
        guard let reason = profile.reasons.first else { return #"<td class="why none" role="cell"></td>"# }
        return #"<td class="why" role="cell">\#(reason)</td>"#
    }
}
