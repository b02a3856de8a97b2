// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
import WeirSlowClients

@Suite("Reports as JSON")
struct JSONReportTests {
    private func decoded(_ json: String) throws -> BenchReport {
        try JSONReport.decode(Array(json.utf8), file: "A.json")
    }

    /// The sentence that a reader gets; nil if the text was read.
    private func complaint(_ json: String) -> String? {
        do {
            _ = try decoded(json)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("what is written is read back the same", arguments: [SampleReport.Server.good, .weak, .bad])
    func roundTrip(server: SampleReport.Server) throws {
        let report = SampleReport(server: server).report()
        #expect(try decoded(try JSONReport.encode(report)) == report)
    }

    @Test("hostile texts come back as they were", arguments: Hostile.texts)
    func texts(text: String) throws {
        let report = Hostile.report(text)
        #expect(try decoded(try JSONReport.encode(report)) == report)
    }

    @Test("no number is one that JSON does not have, and each comes back", arguments: Hostile.numbers)
    func numbers(number: Double) throws {
        let json = try JSONReport.encode(Hostile.report(number))
        #expect(!json.contains(": inf") && !json.contains(": -inf") && !json.contains(": nan"))
        let read = try decoded(json)
        if number.isNaN {
            #expect(read.seconds.isNaN && read.control.bytesPerSecond.isNaN)
        } else {
            #expect(read == Hostile.report(number))
        }
    }

    @Test("keys are sorted, one member a line, a newline at the end")
    func form() throws {
        let json = try JSONReport.encode(SampleReport().report())
        let top = json.split(separator: "\n").compactMap { line -> Substring? in
            guard line.hasPrefix("  \""), let end = line.dropFirst(3).firstIndex(of: "\"") else { return nil }
            return line.dropFirst(3)[..<end]
        }
        #expect(top == top.sorted() && top.contains("profiles") && top.contains("tool"))
        #expect(json.hasSuffix("}\n") && json.contains("\"/weir.data.v1.DataService/StreamData\""))
    }

    @Test("members that are not known, and those that were added later, do no harm")
    func otherFormats() throws {
        let json = try JSONReport.encode(SampleReport().report())
            .replacing("\"format\" : 1", with: "\"format\" : 2, \"more\" : [1, {}]")
        #expect(json.contains("\"more\""))
        #expect(try decoded(json).tool.format == 2)
    }

    @Test("what is wrong is said in a sentence with the file's name")
    func complaints() throws {
        let json = try JSONReport.encode(SampleReport().report())
        #expect(complaint("") == "A.json is empty")
        #expect(complaint("not JSON") == "A.json is not JSON")
        #expect(complaint(String(json.dropLast(10))) == "A.json is not JSON")
        #expect(complaint("[1]") == "A.json does not hold a JSON object")
        #expect(complaint("{}") == "A.json is not a report of weir slow-clients")
        #expect(complaint(#"{"tool": {"name": "h2load"}}"#) == "A.json is not a report of weir slow-clients")
        #expect(complaint(#"{"tool": {"name": "weir slow-clients", "format": 1}}"#)?.hasSuffix(" is missing") == true)
        let wrong = json.replacing("\"isComplete\" : true", with: "\"isComplete\" : 3")
        #expect(complaint(wrong) == "A.json: isComplete is not true or false")
        let null = json.replacing("\"isComplete\" : true", with: "\"isComplete\" : null")
        #expect(complaint(null) == "A.json: isComplete is not true or false")
        let verdict = json.replacing("\"verdict\" : \"pass\"", with: "\"verdict\" : \"superb\"", maxReplacements: 1)
        #expect(complaint(verdict) == "A.json: profiles[0].verdict has a value that is not known")
        let deep = json.replacing("\"hasDetails\" : true,", with: "", maxReplacements: 1)
        #expect(complaint(deep) == "A.json: profiles[1].streams[0].hasDetails is missing")
        #expect(complaint(json) == nil)
    }

    @Test("a file's name cannot act on a terminal")
    func fileName() {
        #expect(throws: JSONReport.Failure(description: #"\u{1B}[2J is empty"#)) {
            try JSONReport.decode([], file: "\u{1B}[2J")
        }
    }
}
