// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// Reports as JUnit's XML, for what shows test results: a suite for each target, a case for each profile.
///
/// A fail is a `failure`, an inconclusive profile is `skipped`, a weak one passes and says why in `system-out`.
public enum JUnitReport {
    /// The file for one report.
    public static func xml(_ report: BenchReport) -> String { xml([report]) }

    /// The file for some reports.
    public static func xml(_ reports: [BenchReport]) -> String {
        let suites = reports.map(suite)
        let markup: Markup = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites>
            \(suites)</testsuites>

            """
        return markup.source
    }

    private static func suite(_ report: BenchReport) -> Markup {
        let failures = report.profiles.count { $0.verdict == .fail }
        let skipped = report.profiles.count { $0.verdict == .inconclusive }
        let properties: [Markup] = [
            ("method", report.method), ("label", report.label),
            ("stallDeadlineSeconds", FigureText.fixed(report.settings.stallDeadlineSeconds, digits: 3)),
            ("streams", "\(report.settings.streams)"), ("connections", "\(report.settings.connections)"),
            ("isComplete", "\(report.isComplete)"),
        ].map { #"<property name="\#($0.0 as String)" value="\#($0.1)"/>\#(newline)"# }
        let cases = report.profiles.map { testcase($0, report) }
        return """
            <testsuite name="\(report.target)" tests="\(report.profiles.count)" failures="\(failures)" errors="0" \
            skipped="\(skipped)" time="\(seconds(report.seconds))" timestamp="\(timestamp(report.began))">
            <properties>
            \(properties)</properties>
            \(cases)</testsuite>

            """
    }

    private static func testcase(_ profile: ProfileResult, _ report: BenchReport) -> Markup {
        let reason = profile.reasons.first ?? profile.criterion
        let body: Markup =
            switch profile.verdict {
            case .pass: .none
            case .weak: "<system-out>weak: \(text(profile))</system-out>"
            case .inconclusive: #"<skipped message="\#(reason)"/>"#
            case .fail: #"<failure type="\#(profile.name)" message="\#(reason)">\#(text(profile))</failure>"#
            }
        return """
            <testcase classname="slow-clients.\(report.label)" name="\(profile.name)" time="\(seconds(profile.seconds))">\
            \(body)</testcase>

            """
    }

    /// The criterion, what was seen, and the figures, a line each.
    private static func text(_ profile: ProfileResult) -> Markup {
        let figures = profile.figures.sorted { $0.key < $1.key }.map { name, value in
            "\(FigureText.label(name).words): \(FigureText.value(value, named: name))"
        }
        let lines: [Markup] = (["criterion: " + profile.criterion] + profile.reasons + figures).map {
            "\($0)\(newline)"
        }
        return Markup(lines)
    }

    private static let newline: Markup = "\n"

    private static func seconds(_ value: Double) -> String { FigureText.fixed(max(0, value), digits: 3) }

    /// JUnit's schema has no zone in its timestamps.
    private static func timestamp(_ text: String) -> String { text.hasSuffix("Z") ? String(text.dropLast()) : text }
}
