// SPDX-License-Identifier: Apache-2.0

import Foundation
import FoundationXML
import WeirSlowClients
import WeirTesting

/// Texts and numbers that a server, or a file, may bring to do harm.
enum Hostile {
    static let texts = [
        #"</script><script>alert(1)</script>"#, #""><img src=x onerror=alert(1)>"#, "'--><svg/onload=alert(1)>",
        "]]></failure><testcase name='x'/>", "&lt;b&gt; &amp; & &#x3c;", "\u{1B}[2J\u{1B}]0;owned\u{07}",
        "a\u{0}b\u{8}\r\nc",
        "\u{202E}txt.exe\u{2066}", "line\u{2028}para\u{2029}", "javascript:alert(1)", "| a | **b** `c` [d](http://e)",
        "\u{FFFE}\u{FFFF}",
        "\u{E0041}\u{200B}\u{FEFF}", String(repeating: "é堰", count: 5000), "",
    ]

    static let numbers: [Double] = [
        0, -0.0, -1, 1e-300, -1e-300, .leastNonzeroMagnitude, 0.5, 1023.9, 1e15, 9.3e18, -9.3e18, 1e300, -1e300,
        .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, .infinity, -.infinity, .nan,
    ]

    /// A report with this text wherever one can be.
    static func report(_ text: String) -> BenchReport {
        var report = SampleReport(label: text, rate: 2).report()
        report.target = text
        report.method = text
        report.began = text
        for index in report.profiles.indices {
            report.profiles[index].name = text
            report.profiles[index].summary = text
            report.profiles[index].goodServer = text
            report.profiles[index].criterion = text
            report.profiles[index].reasons = [text, text]
            report.profiles[index].figures = [text: .text(text), text + "Seconds": .number(1)]
            report.profiles[index].verdict = Judgement.Verdict.allCases[index % Judgement.Verdict.allCases.count]
            for stream in report.profiles[index].streams.indices {
                report.profiles[index].streams[stream].message = text
            }
        }
        return report
    }

    /// A report with this number wherever one can be, and samples and calls in no order.
    static func report(_ number: Double) -> BenchReport {
        var report = SampleReport(rate: 2).report()
        let whole = number.isFinite ? Int(exactly: number.rounded()) ?? (number < 0 ? .min : .max) : 0
        report.seconds = number
        report.settings.stallDeadlineSeconds = number
        report.settings.durationSeconds = number
        report.settings.streams = whole
        report.settings.connections = whole
        report.settings.pid = whole
        report.control = ControlResult(
            responseBytes: whole, largestMessageBytes: whole, bytesPerSecond: number, firstDataSeconds: number)
        let canary = CanaryResult(
            calls: whole, failures: whole, medianSeconds: number, percentile99Seconds: number, longestSeconds: number,
            steadyBytes: whole, longestGapSeconds: number)
        report.canaryAlone = canary
        report.summary = .init(pass: whole, weak: whole, fail: whole, inconclusive: whole)
        let units = ["Seconds", "Bytes", "PerSecond", "BytesPerSecond", "Count", "Ratio", "Percent", ""]
        for index in report.profiles.indices {
            report.profiles[index].seconds = number
            report.profiles[index].figures = Dictionary(
                uniqueKeysWithValues: (units.map { "x" + $0 } + ["endedAfterSeconds", "memoryPerStreamBytes"]).map {
                    ($0, .number(number))
                })
            report.profiles[index].canary = canary
            report.profiles[index].process = ProcessResult(
                residentBytesBefore: whole, residentBytesPeak: whole == 0 ? .min : 0, residentBytesAfter: -(whole / 2),
                processorSeconds: number, isAlive: false)
            let stream = StreamResult(
                connection: whole, connectedSeconds: number, stream: whole, beganSeconds: number,
                lastDataSeconds: number,
                endedSeconds: number, status: whole, hasDetails: true, reset: whole, dataBytes: whole, messages: whole,
                cutBytes: whole)
            report.profiles[index].streams = [stream, stream]
            report.profiles[index].streamCount = whole
            let sample = SampleResult(
                seconds: number, dataBytes: whole, openStreams: whole, streamWindowBytes: whole,
                connectionWindowBytes: whole, canarySeconds: number, residentBytes: whole, processorSeconds: number)
            let early = SampleResult(
                seconds: 0.5, dataBytes: .max, openStreams: .min, streamWindowBytes: .min, connectionWindowBytes: .max,
                canarySeconds: -1, residentBytes: .min, processorSeconds: -5)
            // Of one profile a single sample, of another none.
            report.profiles[index].samples = [[sample, early, sample], [early], []][index % 3]
        }
        return report
    }
}

/// The elements of a piece of XML, or of HTML that is written as XML; nil if it is not well-formed.
final class Elements: NSObject, XMLParserDelegate {
    struct Element {
        var name: String
        var attributes: [String: String]
        var text = ""
    }

    private(set) var all: [Element] = []
    private var open: [Int] = []

    static func read(_ text: String) -> [Element]? {
        let reader = Elements()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = reader
        return parser.parse() ? reader.all : nil
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(all.count)
        all.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        for index in open { all[index].text += text }
    }
}

extension Sequence<Elements.Element> {
    func named(_ name: String) -> [Elements.Element] { filter { $0.name == name } }
}
