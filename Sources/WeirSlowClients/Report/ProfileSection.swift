// SPDX-License-Identifier: Apache-2.0

/// A profile's part of the page: what it is about, what came of it, figures, timeline, calls.
struct ProfileSection {
    var report: BenchReport
    var profile: ProfileResult
    /// The section's anchor.
    var anchor: String

    /// Most calls in the table; the JSON has more.
    static let mostRows = 100
    /// Most reasons that are listed.
    static let mostReasons = 20
    /// Most figures that are listed.
    static let mostFigures = 60

    /// The section.
    var markup: Markup {
        let plot = TimelinePlot(
            [
                TimelinePlot.Run(
                    label: "", style: 0, profile: profile, deadlineSeconds: report.settings.stallDeadlineSeconds,
                    canaryAloneSeconds: report.canaryAlone.percentile99Seconds)
            ], id: anchor + "-plot", name: "Timeline")
        return """
            <section class="profile card" id="\(anchor)" aria-labelledby="\(anchor)-name">
            <header><h3 id="\(anchor)-name">\(profile.name)</h3>\(VerdictMark.badge(profile.verdict))\
            <span class="note">\(FigureText.seconds(profile.seconds))</span><a class="top" href="#verdicts">All verdicts</a></header>
            <div class="about"><div><h4>Clients</h4><p>\(profile.summary)</p></div>\
            <div><h4>A good server</h4><p>\(profile.goodServer)</p></div>\
            <div><h4>Criterion</h4><p>\(profile.criterion)</p></div></div>
            \(reasons)
            \(figures)
            \(plot.markup)
            \(streams)
            </section>
            """
    }

    private var reasons: Markup {
        guard !profile.reasons.isEmpty else { return .none }
        let items: [Markup] = profile.reasons.prefix(ProfileSection.mostReasons).map { "<li>\($0)</li>" }
        let left = profile.reasons.count - items.count
        let more: Markup = left > 0 ? "<li>and \(FigureText.count(left)) more</li>" : .none
        return #"<div class="reasons"><h4>What was seen</h4><ul>\#(items)\#(more)</ul></div>"#
    }

    /// The judgement's own figures by name, then what is known of the canary and the process and was not among them.
    private var rows: [(name: String, value: String)] {
        let own = profile.figures.sorted { $0.key < $1.key }.prefix(ProfileSection.mostFigures)
        var rows = own.map { name, value in
            (name: FigureText.label(name).words, value: FigureText.value(value, named: name))
        }
        let canary = profile.canary
        if canary.calls > 0 || canary.failures > 0, !own.contains(where: { $0.key.hasPrefix("canaryMedian") }) {
            rows.append(("Canary, median", FigureText.seconds(canary.medianSeconds)))
            rows.append(("Canary, p99", FigureText.seconds(canary.percentile99Seconds)))
            rows.append(("Canary, longest", FigureText.seconds(canary.longestSeconds)))
            let calls = "\(FigureText.count(canary.calls)), \(FigureText.count(canary.failures))"
            rows.append(("Canary calls, failed", calls))
            rows.append(("Canary, longest gap in its stream", FigureText.seconds(canary.longestGapSeconds)))
        }
        if let process = profile.process {
            rows.append(("Server memory before", FigureText.bytes(Double(process.residentBytesBefore))))
            rows.append(("Server memory, highest", FigureText.bytes(Double(process.residentBytesPeak))))
            rows.append(("Server memory after", FigureText.bytes(Double(process.residentBytesAfter))))
            rows.append(("Server CPU time", FigureText.seconds(process.processorSeconds)))
            rows.append(("Server alive at the end", process.isAlive ? "yes" : "no"))
        }
        return rows
    }

    /// Numbers in two columns; texts that are longer than a number under them, over the whole width.
    private var figures: Markup {
        guard !rows.isEmpty else { return .none }
        let isShort = { (row: (name: String, value: String)) in row.value.count <= ProfileSection.shortFigure }
        let (short, long) = (rows.filter(isShort), rows.filter { !isShort($0) })
        let middle = (short.count + 1) / 2
        let columns = [short.prefix(middle), short.dropFirst(middle)].filter { !$0.isEmpty }.map { table($0, "number") }
        let texts: Markup = long.isEmpty ? .none : table(long[...], "long")
        return """
            <div class="figures-table"><h4>Figures</h4><div class="pair-columns">\(columns)</div>\(texts)</div>
            """
    }

    /// Most characters of a value that stands on its line beside its name.
    private static let shortFigure = 16

    private func table(_ rows: ArraySlice<(name: String, value: String)>, _ kind: Markup) -> Markup {
        let cells: [Markup] = rows.map {
            #"<tr><th scope="row">\#($0.name)</th><td class="\#(kind)">\#($0.value)</td></tr>"#
        }
        return """
            <table class="pairs"><thead><tr><th scope="col">Figure</th><th scope="col" class="\(kind)">Value</th></tr>\
            </thead><tbody>\(cells)</tbody></table>
            """
    }

    private var streams: Markup {
        guard !profile.streams.isEmpty else { return .none }
        let figures = KeyFigures(profile)
        let shown = profile.streams.prefix(ProfileSection.mostRows)
        let rows: [Markup] = shown.map { stream in
            let details: Markup = stream.hasDetails ? "yes" : "no"
            return """
                <tr><td class="number">\(stream.connection)</td><td class="number">\(stream.stream)</td>\
                <td class="number">\(FigureText.bytes(Double(stream.dataBytes)))</td>\
                <td class="number">\(FigureText.count(stream.messages))</td>\
                <td class="number">\(FigureText.bytes(Double(stream.cutBytes)))</td>\
                <td class="number">\(stream.lastDataSeconds.map(FigureText.seconds) ?? "–")</td>\
                <td class="number">\(stream.endedSeconds.map(FigureText.seconds) ?? "–")</td>\
                <td class="end-text">\(CallEnd(stream).text)</td><td>\(stream.message ?? "–")</td><td>\(details)</td></tr>
                """
        }
        let left = figures.calls - shown.count
        let more: Markup =
            left > 0 ? "<p class=\"note\">\(FigureText.count(left)) more calls are not listed.</p>" : .none
        let heads: [Markup] = [
            "Connection", "Stream", "Data", "Messages", "Cut", "Last data", "Ended",
        ].map { #"<th scope="col" class="number">\#($0 as String)</th>"# }
        let name = figures.calls == 1 ? "1 call" : "\(FigureText.count(figures.calls)) calls"
        return """
            <details><summary>\(name) <span>\(figures.endText ?? "")</span></summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Calls of \(profile.name)"><table>
            <thead><tr>\(heads)<th scope="col">With</th><th scope="col">Message</th><th scope="col">Details</th></tr></thead>
            <tbody>\(rows)</tbody></table></div>\(more)</details>
            """
    }
}
