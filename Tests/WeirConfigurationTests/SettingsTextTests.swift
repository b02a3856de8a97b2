// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirConfiguration

/// How settings are written: units, and files.
struct SettingsTextTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("1.5m", .seconds(90)), ("2h", .seconds(7200)),
        ("0.000000001s", .nanoseconds(1)), ("1us", .microseconds(1)), ("0.123456789h", .nanoseconds(444_444_440_400)),
        ("0s", .zero),
        ("9223372036s", .seconds(9_223_372_036)),
    ])
    func durations(_ text: String, _ expected: Duration) {
        #expect(UnitText.duration(text) == expected)
    }

    @Test(arguments: [
        "", "soon", "-1s", "10", "1fortnight", "99999999999999999999s", "9223372037s", "1.s", ".5s", "1.2.3s", "0.1ns",
        "1 s", "٣s", "1e3s", "+1s",
    ])
    func whatIsNoDuration(_ text: String) {
        #expect(UnitText.duration(text) == nil)
    }

    @Test(arguments: [
        ("65536", 65_536), ("64KiB", 65_536), ("1.5KiB", 1_536), ("0", 0), ("7B", 7), ("64GiB", 64 << 30),
        ("9223372036854775807", Int.max),
    ])
    func sizes(_ text: String, _ expected: Int) {
        #expect(UnitText.bytes(text) == expected)
    }

    @Test(arguments: [
        "", "64potatoes", "0.5", "1.3KiB", "1.5", "9223372036854775807.5KiB", "1.9999999999999999999KiB",
        "9223372036854775808", "8388608TiB", "-1", "KiB", "64kb",
    ])
    func whatIsNoSize(_ text: String) {
        #expect(UnitText.bytes(text) == nil)
    }

    @Test func whatIsShownCanBeRead() {
        for duration in [
            Duration.zero, .seconds(60), .seconds(90), .seconds(120), .seconds(7200), .milliseconds(1500),
            .microseconds(7), .nanoseconds(1_000_001),
        ] {
            #expect(UnitText.duration(UnitText.text(duration)) == duration)
        }
        for bytes in [0, 1, 1023, 1024, 65_536, 1_536, 1 << 30, Int.max] {
            #expect(UnitText.bytes(UnitText.text(bytes: bytes)) == bytes)
        }
        #expect(UnitText.text(.seconds(60)) == "60s" && UnitText.text(bytes: 65_536) == "64KiB")
    }

    @Test(arguments: [
        ("", 1, "object"), ("[]", 1, "object"), ("{", 1, "name"), ("{\n\"a\"", 2, "colon"), ("{\"a\":}", 1, "value"),
        ("{\"a\": 1\n\"b\": 2}", 2, "comma"), ("{\"a\": 1,\n\n\"a\": 2}", 3, "second time"), ("{} x", 1, "behind"),
        ("{\"a\": nan}", 1, "value in place of nan"), ("{\"a\": 0x10}", 1, "value"), ("{\"a\": \"b\n\"}", 1, "line"),
        ("{\"a\": \"\\q\"}", 1, "escape"), ("{\"a\": \"\\ud800\"}", 1, "\\u"), ("{\"a\": 1,}", 1, "name"),
        ("{\"a\": [1", 1, "list"), ("{ / }", 1, "comment"), ("{\"a\": \"b", 1, "does not end"),
        (String(repeating: "{\"a\":", count: 9), 1, "deep"),
    ])
    func whatIsNoFileIsSaidWithItsLine(_ text: String, _ line: Int, _ word: String) {
        do {
            _ = try SettingsFile(Array(text.utf8), name: "f.json")
            Issue.record("it was understood")
        } catch {
            #expect(error.problems.map(\.source) == ["f.json:\(line)"])
            #expect(error.description.contains(word), "\(error)")
        }
    }

    @Test func textThatIsNoUTF8IsNotUnderstood() {
        #expect(throws: SettingsError.self) {
            try SettingsFile(Array("{\"a\": \"".utf8) + [0xFF] + Array("\"}".utf8), name: "f.json")
        }
    }

    @Test func eightObjectsInsideEachOtherAreUnderstood() throws {
        let text = String(repeating: "{\"a\":", count: 8) + "1" + String(repeating: "}", count: 8)
        #expect(try SettingsFile(Array(text.utf8), name: "f.json").description.contains("1 values"))
    }

    @Test func aFileThatCannotBeReadIsSaid() {
        #expect(throws: SettingsError.self) { try SettingsFile(path: "/nonexistent/weir.json") }
        // Endless: only the limit ends it.
        #expect(throws: SettingsError.self) { try SettingsFile(path: "/dev/zero") }
    }
}
