// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirSlowClients

@Suite("Servers side by side")
struct ComparisonReportTests {
    private let good = SampleReport().report()
    private let bad = SampleReport(label: "other | server", server: .bad, deadline: 12, streams: 8).report()

    @Test("settings that differ are told, those of no consequence are not")
    func settings() throws {
        let warning = try #require(Comparison([good, bad]).warning)
        #expect(warning.contains("stall deadline, streams."))
        #expect(ComparisonReport.page([good, bad]).contains("Take care."))
        #expect(
            ComparisonReport.markdown([good, bad]).contains("- Stall deadline: Weir 0.1: 10 s, other \\| server: 12 s"))
        var elsewhere = SampleReport(label: "elsewhere", server: .weak).report()
        elsewhere.target = "127.0.0.1:1"
        #expect(Comparison([good, elsewhere]).warning == nil)
        #expect(!ComparisonReport.page([good, elsewhere]).contains("Take care."))
    }

    @Test("every profile that any server was put to has a row, in order")
    func rows() {
        let comparison = Comparison([bad, good])
        #expect(comparison.profiles == ["steady", "never-reads", "slow-reader", "window-shrink", "vanish"])
        #expect(comparison.results("vanish").map { $0?.verdict } == [nil, .inconclusive])
        #expect(comparison.results("never-reads").map { $0?.verdict } == [.fail, .pass])
    }

    @Test("the Markdown table")
    func markdown() {
        let lines = ComparisonReport.markdown([good, bad]).split(separator: "\n", omittingEmptySubsequences: false)
        let table = lines.filter { $0.hasPrefix("|") }
        #expect(
            table == [
                "| profile | Weir 0.1 | other \\| server |", "| --- | --- | --- |",
                "| steady | pass: 0 OK | pass: 0 OK |",
                "| never-reads | pass: after 10.1 s, 8 RESOURCE\\_EXHAUSTED | **fail**: no end seen |",
                "| slow-reader | pass: no end seen | pass: no end seen |",
                "| window-shrink | pass: after 10.2 s, 8 RESOURCE\\_EXHAUSTED | **weak**: after 10.2 s, 8 RESOURCE\\_EXHAUSTED |",
                "| vanish | **inconclusive** | not run |",
            ])
    }

    @Test("no text breaks the Markdown table", arguments: Hostile.texts)
    func hostileMarkdown(text: String) {
        let report = Hostile.report(text)
        let table = ComparisonReport.markdown([report, report]).split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(table.count == 2 + Comparison([report]).profiles.count)
        for row in table {
            // Bars that end a cell are those without a backslash.
            #expect(row.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" } == 4)
            #expect(!row.replacing("\\<", with: "").contains("<"))
        }
    }

    @Test("figures stand beside each other, the canary alone too; rows without a value are left out")
    func figures() throws {
        let rows = Comparison([good, bad]).figures("never-reads")
        func row(_ name: String) -> [String]? { rows.first { $0.name == name }?.values }
        #expect(row("Ended after") == ["10.1 s", "–"])
        #expect(row("Ended with") == ["8 RESOURCE_EXHAUSTED", "no end seen"])
        #expect(row("Canary p99 alone") == ["1.9 ms", "1.9 ms"])
        #expect(row("Stalled count") == ["10", "8"])
        #expect(row("Memory per stream")?.count == 2 && row("CPU")?.count == 2)
        #expect(Comparison([good]).figures("vanish").map(\.name) == ["Canary p99", "Canary p99 alone"])
        #expect(Comparison([good]).figures("no such profile").isEmpty)
    }

    @Test("servers of one name are told apart, and no more are taken than have a line of their own")
    func names() {
        let comparison = Comparison(Array(repeating: good, count: 9))
        #expect(comparison.servers.map(\.label).prefix(3) == ["Weir 0.1", "Weir 0.1 (2)", "Weir 0.1 (3)"])
        #expect(comparison.servers.count == ComparisonReport.mostReports && comparison.leftOut == 3)
        #expect(ComparisonReport.page(Array(repeating: good, count: 9)).contains("3 more reports were left out."))
    }

    @Test("a single report is its own page; a comparison of nothing does not trap")
    func fewerThanTwo() {
        #expect(ComparisonReport.page([good]) == HTMLReport.page(good))
        #expect(ComparisonReport.page([]).contains("No profile ran."))
        #expect(ComparisonReport.markdown([]) == "| profile |\n| --- |\n")
    }

    @Test("one deadline for all is only marked when it is the same for all")
    func deadlines() throws {
        func deadlines(_ reports: [BenchReport]) -> [Double?] {
            let runs = reports.enumerated().map { index, report in
                TimelinePlot.Run(
                    label: report.label, style: index, profile: report.profiles[1],
                    deadlineSeconds: report.settings.stallDeadlineSeconds, canaryAloneSeconds: nil)
            }
            return TimelinePlot(runs, id: "a", name: "b").lanes.map(\.deadline)
        }
        #expect(deadlines([good, SampleReport(server: .weak).report()]).allSatisfy { $0 != nil })
        #expect(deadlines([good, bad]).allSatisfy { $0 == nil })
    }
}
