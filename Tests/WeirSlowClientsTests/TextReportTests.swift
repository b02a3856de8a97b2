// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirTesting

@testable import WeirSlowClients

@Suite("Reports as text and as JUnit's XML")
struct TextReportTests {
    @Test("the table keeps to its width and says why a profile did not pass", arguments: [0, 60, 80, 132, 10_000])
    func width(width: Int) {
        let profiles = SampleReport(server: .bad).report().profiles
        let table = TextTable.table(profiles, width: width)
        let limit = min(max(width, 60), 200)
        #expect(table.split(separator: "\n").allSatisfy { TextTable.columns($0) <= limit })
        #expect(table.contains("never-reads") && table.contains("fail"))
        let words = table.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains("none of 10 stalled calls was ended within 18.25 s"))
        #expect(!table.contains("\u{1B}"))
    }

    @Test("colours are there when asked for, and always ended")
    func colours() {
        let table = TextTable.table(SampleReport(server: .bad).report().profiles, colours: true)
        #expect(table.contains("\u{1B}[1;31mfail") && table.contains("\u{1B}[32mpass"))
        #expect(table.split(separator: "\n").allSatisfy { $0.ranges(of: "\u{1B}[").count.isMultiple(of: 2) })
    }

    @Test("a profile on one line")
    func line() throws {
        let profiles = SampleReport(server: .weak).report().profiles
        let never = try #require(profiles.first { $0.name == "never-reads" })
        let line = TextTable.line(never)
        #expect(line.hasPrefix("never-reads: weak (ended after 14.6 s, RST_STREAM 8 CANCEL, "))
        #expect(line.hasSuffix("the calls ended after 15.0 s, where 10.0 s were allowed)") && !line.contains("\n"))
        #expect(TextTable.counts(.init(pass: 20, weak: 1, fail: 2)) == "20 pass, 1 weak, 2 fail")
        #expect(TextTable.counts(.init()) == "no profile ran")
    }

    @Test("nothing reaches the terminal as a control sequence", arguments: Hostile.texts)
    func controls(text: String) {
        let profiles = Hostile.report(text).profiles
        for output in [TextTable.table(profiles), profiles.map { TextTable.line($0) }.joined()] {
            let acting = output.unicodeScalars.filter { $0.properties.generalCategory == .control && $0 != "\n" }
            #expect(acting.isEmpty)
            #expect(!output.contains("\u{202E}") && !output.contains("\u{2028}"))
        }
        #expect(TextTable.table(profiles).split(separator: "\n").allSatisfy { TextTable.columns($0) <= 2 * 2100 })
    }

    @Test("no number traps", arguments: Hostile.numbers)
    func numbers(number: Double) throws {
        let report = Hostile.report(number)
        #expect(!TextTable.table(report.profiles).isEmpty)
        #expect(!ComparisonReport.markdown([report]).isEmpty)
        #expect(Elements.read(JUnitReport.xml(report)) != nil)
    }

    @Test("text is broken between words, long words are cut, wide characters count twice")
    func wrapping() {
        #expect(TextTable.wrapped("one two three", to: 8) == ["one two", "three"])
        #expect(TextTable.wrapped("abcdefghijkl mn", to: 8) == ["abcdefgh", "ijkl mn"])
        #expect(TextTable.wrapped("", to: 8) == [] && TextTable.wrapped("   ", to: 8) == [])
        #expect(TextTable.wrapped("堰堰堰堰堰", to: 8) == ["堰堰堰堰", "堰"])
    }

    @Test("JUnit: a suite for each target, a case for each profile, verdicts as elements")
    func junit() throws {
        var other = SampleReport(server: .weak).report()
        other.target = "127.0.0.1:2"
        let all = try #require(Elements.read(JUnitReport.xml([SampleReport(server: .bad).report(), other])))
        let suites = all.named("testsuite")
        #expect(suites.map { $0.attributes["name"] } == ["127.0.0.1:50051", "127.0.0.1:2"])
        #expect(suites.map { $0.attributes["tests"] } == ["4", "5"])
        #expect(suites.map { $0.attributes["failures"] } == ["1", "0"])
        #expect(suites.map { $0.attributes["skipped"] } == ["0", "1"])
        #expect(suites.first?.attributes["timestamp"] == "2026-01-31T12:00:00")
        #expect(all.named("testcase").count == 9)
        let failure = try #require(all.named("failure").first)
        #expect(all.named("failure").count == 1)
        #expect(failure.attributes["message"] == "none of 10 stalled calls was ended within 18.25 s")
        #expect(failure.text.hasPrefix("criterion: every stalled call ends within 12.25 s"))
        #expect(all.named("skipped").count == 1 && all.named("system-out").count == 3)
    }

    @Test("JUnit: hostile texts stay texts", arguments: Hostile.texts)
    func hostileXML(text: String) throws {
        let report = Hostile.report(text)
        let all = try #require(Elements.read(JUnitReport.xml(report)))
        #expect(all.named("testcase").count == report.profiles.count)
        #expect(all.named("testcase").allSatisfy { $0.attributes["name"] == VisibleText.line(text) })
        #expect(all.named("testsuite").first?.attributes["name"] == VisibleText.line(text))
    }

    @Test("the figures that a judgement names win over those that are worked out")
    func keyFigures() throws {
        var profile = SampleReport().report().profiles[1]
        #expect(try abs(#require(KeyFigures(profile).endedAfter).median - 10.12) < 1e-6)
        profile.figures["endedAfterSeconds"] = .number(3)
        profile.figures["memoryPerStreamBytes"] = .number(4096)
        let figures = KeyFigures(profile)
        #expect(figures.endedAfter?.median == 3 && figures.memoryPerStreamBytes == 4096)
        profile.figures["endedAfterSeconds"] = .text("never")
        profile.streams = []
        profile.process = nil
        let none = KeyFigures(profile)
        #expect(none.endText == nil && none.processorText == nil && none.endedAfterText == nil)
    }
}
