// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirSlowClients

@Suite("Numbers with their units")
struct FigureTextTests {
    @Test(
        "bytes in powers of 1,024, three digits",
        arguments: [
            (0, "0 B"), (1, "1 B"), (1023, "1,023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (65_535, "64 KiB"),
            (65_536, "64 KiB"), (1_048_575, "1 MiB"), (1_287_651, "1.23 MiB"), (16_777_216, "16 MiB"),
            (1_073_741_824, "1 GiB"), (-49_152, "−48 KiB"), (1e18, "909,495 TiB"),
        ])
    func bytes(value: Double, text: String) {
        #expect(FigureText.bytes(value) == text)
    }

    @Test(
        "times in ms and s, three digits",
        arguments: [
            (0, "0 ms"), (0.000_004, "0.004 ms"), (0.000_71, "0.71 ms"), (0.001_25, "1.25 ms"), (0.0999, "99.9 ms"),
            (0.5, "500 ms"), (0.9996, "1 s"), (1, "1 s"), (10.13, "10.1 s"), (60, "60 s"), (3600, "3,600 s"),
        ])
    func seconds(value: Double, text: String) {
        #expect(FigureText.seconds(value) == text)
    }

    @Test("other units")
    func others() {
        #expect(FigureText.text(412_000_000, .bytesPerSecond) == "393 MiB/s")
        #expect(FigureText.text(1234.4, .perSecond) == "1,234/s")
        #expect(FigureText.text(1_234_567, .count) == "1,234,567")
        #expect(FigureText.text(-1234, .count) == "−1,234")
        #expect(FigureText.text(0.976, .ratio) == "×0.98")
        #expect(FigureText.text(17.24, .percent) == "17.2 %")
        #expect(FigureText.text(.infinity, .bytes) == "∞")
        #expect(FigureText.text(-.infinity, .seconds) == "−∞")
        #expect(FigureText.text(.nan, .count) == "–")
    }

    @Test("no number traps in any unit", arguments: Hostile.numbers)
    func anyNumber(value: Double) {
        let units: [FigureText.Unit] = [
            .bytes, .seconds, .bytesPerSecond, .perSecond, .count, .ratio, .percent, .plain,
        ]
        for unit in units { #expect(!FigureText.text(value, unit).isEmpty) }
        for digits in -1...12 { #expect(!FigureText.fixed(value, digits: digits).isEmpty) }
    }

    @Test(
        "digits after the point, without needless zeros",
        arguments: [
            (1.25, 1, "1.3"), (1.2, 3, "1.2"), (0.05, 2, "0.05"), (100, 2, "100"), (-0.001, 2, "0"), (-2.5, 1, "-2.5"),
            (0.999, 2, "1"), (12.0304, 4, "12.0304"),
        ])
    func fixed(value: Double, digits: Int, text: String) {
        #expect(FigureText.fixed(value, digits: digits) == text)
    }

    @Test("a figure's name says what it is and in which unit")
    func names() {
        #expect(FigureText.label("endedAfterSeconds") == ("Ended after", .seconds))
        #expect(FigureText.label("memoryPerStreamBytes") == ("Memory per stream", .bytes))
        #expect(FigureText.label("slowestPartRatio") == ("Slowest part ratio", .ratio))
        #expect(FigureText.label("stalledCount") == ("Stalled count", .count))
        #expect(FigureText.label("bytesPerSecond") == ("Bytes per second", .bytesPerSecond))
        #expect(FigureText.label("memoryGivenBack") == ("Memory given back", .plain))
        #expect(FigureText.label("canaryPercentile99Seconds") == ("Canary percentile 99", .seconds))
        #expect(FigureText.label("messageText") == ("Message", .plain))
        #expect(FigureText.label("") == ("", .plain))
        #expect(FigureText.value(.number(65_536), named: "windowBytes") == "64 KiB")
        #expect(FigureText.value(.text("yes"), named: "windowBytes") == "yes")
    }
}
