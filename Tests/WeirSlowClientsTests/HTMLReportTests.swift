// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirSlowClients

@Suite("Reports as HTML")
struct HTMLReportTests {
    /// What is between `body` and its end, without the page's own script: XML, since everything in it is written so.
    private func elements(_ page: String) throws -> [Elements.Element] {
        let body = try #require(page.split(separator: "<body>", maxSplits: 1).last)
        let script = "<script>\(PageScript.source)</script>"
        #expect(body.ranges(of: script).count == 1)
        let rest = body.replacing(script, with: "").replacing("</html>", with: "").replacing("</body>", with: "")
        return try #require(Elements.read("<body>\(rest)</body>"), "the page is not well-formed")
    }

    /// What holds for every page.
    private func check(_ page: String) throws -> [Elements.Element] {
        let all = try elements(page)
        let names: Set = [
            "body", "a", "svg", "defs", "symbol", "path", "header", "p", "h1", "h2", "h3", "h4", "code", "dl", "div",
            "dt",
            "dd", "ul", "li", "span", "use", "rect", "strong", "main", "table", "thead", "tbody", "tr", "th", "td",
            "section",
            "figure", "figcaption", "title", "desc", "line", "text", "circle", "script", "details", "summary", "footer",
        ]
        #expect(Set(all.map(\.name)).subtracting(names).isEmpty)
        for element in all {
            #expect(element.attributes.keys.allSatisfy { !$0.hasPrefix("on") && $0 != "style" && $0 != "src" })
            if let link = element.attributes["href"] { #expect(link.hasPrefix("#")) }
        }
        let ids = all.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        for element in all {
            let links =
                [element.attributes["href"].map { String($0.dropFirst()) }]
                + ["labelledby", "describedby"].map {
                    element.attributes["aria-" + $0]
                }
            for link in links.compactMap(\.self) { #expect(ids.contains(link), "\(link) leads nowhere") }
        }
        for script in all.named("script") { #expect(script.attributes["type"] == "application/json") }
        for cell in all.named("th") { #expect(cell.attributes["scope"] != nil) }
        #expect(all.named("h1").count == 1 && all.named("main").count == 1)
        return all
    }

    @Test("a page has a section, a row and a plot for each profile")
    func parts() throws {
        let report = SampleReport().report()
        let all = try check(HTMLReport.page(report))
        let sections = all.named("section").filter { $0.attributes["class"] == "profile card" }
        #expect(sections.compactMap { $0.attributes["id"] } == report.profiles.map { "profile-" + $0.name })
        for profile in report.profiles {
            let links = all.named("a").filter { $0.attributes["href"] == "#profile-" + profile.name }
            #expect(links.count == 1 && links.first?.text == profile.name)
        }
        // The last one has no samples, hence no plot.
        #expect(all.named("figure").count == report.profiles.count - 1)
        let plots = all.named("svg").filter { $0.attributes["class"] == "plot" }
        #expect(plots.count == 6 * 4)
        let lines = all.named("path").compactMap { $0.attributes["data-points"] }.compactMap(Int.init)
        #expect(lines.count == 7 * 4 && lines.allSatisfy { $0 > 10 && $0 <= 602 })
        #expect(all.named("desc").count == plots.count + 3)
    }

    @Test("a page names no other place")
    func selfContained() throws {
        let report = SampleReport().report()
        for page in [HTMLReport.page(report), ComparisonReport.page([report, report])] {
            #expect(!page.contains("http:") && !page.contains("https:") && !page.contains("//"))
            #expect(!page.contains("@import") && !page.contains("url("))
            _ = try check(page)
        }
    }

    @Test("verdicts are words, not only colours")
    func verdicts() throws {
        let report = SampleReport(server: .bad).report()
        let badges = try check(HTMLReport.page(report)).named("span").filter {
            $0.attributes["class"]?.hasPrefix("badge ") == true
        }
        #expect(badges.count == 2 * report.profiles.count)
        #expect(badges.allSatisfy { $0.attributes["class"] == "badge " + $0.text })
    }

    @Test("the policy names the script and the style that are there, and allows nothing else")
    func policy() throws {
        let page = HTMLReport.page(SampleReport().report())
        let style = try #require(page.split(separator: "<style>").last?.split(separator: "</style>").first)
        #expect(page.contains("style-src 'sha256-\(SHA256.base64(String(style)))'"))
        #expect(page.contains("script-src 'sha256-\(SHA256.base64(PageScript.source))'"))
        #expect(page.contains("default-src 'none'"))
        #expect(page.ranges(of: "<script>").count == 1 && !PageScript.source.contains("</"))
    }

    @Test("no text becomes markup", arguments: Hostile.texts)
    func hostileTexts(text: String) throws {
        let all = try check(HTMLReport.page(Hostile.report(text)))
        #expect(all.named("h1").first?.text == VisibleText.line(text))
        #expect(all.named("img").isEmpty && all.named("testcase").isEmpty)
        #expect(try !check(ComparisonReport.page([Hostile.report(text), Hostile.report(text)])).isEmpty)
    }

    @Test("no number traps, or leaves a place that is no number", arguments: Hostile.numbers)
    func hostileNumbers(number: Double) throws {
        for page in [
            HTMLReport.page(Hostile.report(number)),
            ComparisonReport.page([Hostile.report(number), SampleReport(rate: 2).report()]),
        ] {
            let all = try check(page)
            for element in all {
                for name in ["x", "y", "x1", "x2", "y1", "y2", "d", "width", "height"] {
                    let value = element.attributes[name] ?? ""
                    #expect(
                        !value.contains("nan") && !value.contains("inf") && !value.contains("e+"),
                        "\(name)=\(value.prefix(80))")
                }
            }
            for script in all.named("script") { #expect(!script.text.contains("nan") && !script.text.contains("inf")) }
        }
    }

    @Test("a report of nothing is a page that says so")
    func empty() throws {
        var report = SampleReport().report()
        report.profiles = []
        report.summary = .init()
        report.isComplete = false
        let all = try check(HTMLReport.page(report))
        #expect(all.named("table").isEmpty)
        #expect(all.named("p").contains { $0.text == "No profile ran." })
        #expect(all.named("p").contains { $0.text.hasPrefix("Incomplete.") })
    }

    @Test("anchors are unique and plain")
    func anchors() {
        #expect(
            HTMLPage.anchors(["never-reads", "never-reads", "<b>", "", "\u{1B}"]) == [
                "profile-never-reads", "profile-2-never-reads", "profile-b", "profile-4-", "profile-5-",
            ])
        #expect(HTMLPage.moment("2026-01-31T12:00:00Z") == "2026-01-31 12:00:00 UTC")
        #expect(HTMLPage.moment("TTZ") == "TTZ")
    }

    @Test("figures that the judgement names are not told twice; a column of reasons needs one")
    func nothingTwice() throws {
        var report = SampleReport().report()
        let before = HTMLReport.page(report)
        #expect(before.contains("Canary, median") && before.contains(">Why<"))
        for index in report.profiles.indices {
            report.profiles[index].figures["canaryMedianSeconds"] = .number(1)
            report.profiles[index].reasons = []
        }
        let page = HTMLReport.page(report)
        #expect(!page.contains("Canary, median") && page.contains("Canary median") && !page.contains(">Why<"))
        _ = try check(page)
    }

    @Test("calls beyond the table's rows are counted")
    func manyCalls() throws {
        var report = SampleReport(streams: 150).report()
        for index in report.profiles.indices { report.profiles[index].streamCount = 1000 }
        let page = HTMLReport.page(report)
        #expect(page.contains("900 more calls are not listed."))
        #expect(try check(page).named("summary").contains { $0.text.hasPrefix("1,000 calls") })
    }
}
