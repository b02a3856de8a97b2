// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Logging
import Testing
import WeirConfiguration
import WeirServer

@testable import WeirCommand

/// `weir serve`'s settings: flags, what is shown of them, and the table in the documentation.
struct ServeSettingsTests {
    private func sources(_ arguments: [String]) throws -> SettingsSources {
        let command = try #require(try ServeCommand.parse(arguments) as ServeCommand?)
        return SettingsSources(flags: command.flags.values, environment: [:], file: nil)
    }

    @Test func everySettingHasAFlagThatIsReadAndExplained() throws {
        let help = ServeCommand.helpMessage(columns: 400)
        for setting in ServeSettings.table {
            let flags = try sources([setting.flag, "value"]).flags
            #expect(flags == [setting.name: "value"])
            #expect(help.contains("\(setting.flag) <\(setting.valueName)>"), "\(setting.flag)")
            #expect(help.contains(setting.meaning), "\(setting.flag)")
        }
        #expect(try sources([]).flags == [:], "a flag that was not given has no value")
    }

    @Test func theFlagsAreInForce() async throws {
        let settings = try await ServeSettings.read(
            try sources(["--stall-deadline", "5s", "--live-rate=50", "--log-level", "DEBUG", "--data", "/srv"]))
        #expect(settings.server.stallDeadline == .seconds(5))
        #expect(settings.liveRate == 50 && settings.logLevel == .debug && settings.data == "/srv")
        #expect(settings.server.overrides[ServeSettings.service]?.maximumRequestBytes == 65_536)
    }

    @Test func whatIsInForceIsShownWithItsSource() async throws {
        let file = try SettingsFile(
            Array("{\n\"streamBuffer\": \"128KiB\", \"methods\": {\"a.B/C\": {\"idleDeadline\": \"1m\"}}}".utf8),
            name: "f.json")
        let sources = SettingsSources(
            flags: ["port": "0"], environment: ["WEIR_THREADS": "3"], file: file)
        let text = try await ServeSettings.read(sources).text(sources)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.contains(["port", "0", "--port"]))
        #expect(lines.contains(["threads", "3", "WEIR_THREADS"]))
        #expect(lines.contains(["streamBuffer", "128KiB", "f.json:2"]))
        #expect(lines.contains(["stallDeadline", "60s", "default"]))
        #expect(lines.contains(["methods.a.B/C.idleDeadline", "60s", "f.json:2"]))
        #expect(lines.contains(["methods.weir.data.v1.DataService.maximumRequest", "64KiB", "default"]))
        #expect(lines.count == ServeSettings.table.count + 2)
    }

    @Test func whatDoesNotFitTogetherNamesItsSources() async throws {
        let sources = SettingsSources(
            flags: ["connectionSendBudget": "1KiB"], environment: ["WEIR_STREAM_BUFFER": "2KiB"], file: nil)
        await #expect {
            _ = try await ServeSettings.read(sources)
        } throws: { error in
            let text = "\(error)"
            return text.contains("--connection-send-budget") && text.contains("WEIR_STREAM_BUFFER")
                && text.contains("must not be below")
        }
    }

    /// The table in docs/configuration.md is what the code says; WEIR_WRITE_DOCS=1 writes it anew.
    @Test func theDocumentedTableIsTheOneInTheCode() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/docs/configuration.md"
        let text = String(decoding: try ReportFile.read(path, atMost: 1 << 20), as: UTF8.self)
        let (begin, end) = ("<!-- table -->\n", "<!-- end of table -->")
        let table = SettingsTable.markdown(ServeSettings.table, defaults: ServeSettings())
        let head = try #require(text.firstRange(of: begin))
        let tail = try #require(text.firstRange(of: end))
        if getenv("WEIR_WRITE_DOCS") != nil {
            try ReportFile.write(text[..<head.upperBound] + table + text[tail.lowerBound...], to: path)
        } else {
            #expect(String(text[head.upperBound..<tail.lowerBound]) == table)
        }
    }
}
