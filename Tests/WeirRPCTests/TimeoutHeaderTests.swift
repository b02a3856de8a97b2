// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

@Suite("The grpc-timeout header")
struct TimeoutHeaderTests {
    @Test(
        "is one to eight digits and a unit",
        arguments: [
            ("1n", Duration.nanoseconds(1)), ("0n", .zero), ("700m", .milliseconds(700)), ("10u", .microseconds(10)),
            ("1S", .seconds(1)), ("00000001S", .seconds(1)), ("2M", .seconds(120)), ("3H", .seconds(10_800)),
            ("99999999n", .nanoseconds(99_999_999)), ("99999999S", .seconds(99_999_999)),
            ("99999999M", .seconds(5_999_999_940)),
            ("2562047H", .seconds(9_223_369_200)), ("2562048H", .nanoseconds(Int64.max)),
            ("99999999H", .nanoseconds(Int64.max)),
        ])
    func parse(text: String, expected: Duration) {
        let parsed = TimeoutHeader.parse(Array(text.utf8).span)
        #expect(parsed == expected)
    }

    @Test(
        "is malformed otherwise",
        arguments: [
            "", "S", "1", "abc", "-1S", "+1S", "123456789S", "12345678901S", "0x1S", "1.5S", "1 S", " 1S", "1S ", "1s",
            "1h", "1N", "1U", "1SS", "S1", "١S", "1\u{0}",
        ])
    func malformed(text: String) {
        let parsed = TimeoutHeader.parse(Array(text.utf8).span)
        #expect(parsed == nil)
    }

    @Test(
        "is written in the finest unit that fits, rounded up and never zero",
        arguments: [
            (Duration.zero, "1n"), (.seconds(-5), "1n"), (Duration(secondsComponent: 0, attosecondsComponent: 1), "1n"),
            (.nanoseconds(99_999_999), "99999999n"), (.nanoseconds(100_000_000), "100000u"),
            (.nanoseconds(100_000_001), "100001u"), (.milliseconds(700), "700000u"), (.seconds(1), "1000000u"),
            (.nanoseconds(99_999_999_000), "99999999u"), (.nanoseconds(99_999_999_001), "100000m"),
            (.seconds(100), "100000m"), (.seconds(60), "60000000u"), (.milliseconds(99_999_999), "99999999m"),
            (.milliseconds(100_000_000), "100000S"), (.seconds(99_999_999), "99999999S"),
            (.seconds(100_000_000), "1666667M"), (.seconds(5_999_999_940), "99999999M"),
            (.seconds(5_999_999_941), "1666667H"), (.nanoseconds(Int64.max), "2562048H"),
            (.seconds(Int64.max), "2562048H"),
        ])
    func format(timeout: Duration, expected: String) {
        #expect(TimeoutHeader.format(timeout) == expected)
    }

    @Test("comes back no shorter and at most one unit longer", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let nanoseconds = Int64(random.next() >> UInt64.random(in: 1...63, using: &random))
        let text = TimeoutHeader.format(.nanoseconds(nanoseconds))
        #expect(text.utf8.count <= 9)
        let result = TimeoutHeader.parse(Array(text.utf8).span)
        let parsed = try #require(result)
        #expect(parsed >= .nanoseconds(max(nanoseconds, 1)))
        // One unit is at most one part in a hundred thousand once the number is no longer exact, except for hours.
        #expect(parsed <= .nanoseconds(max(nanoseconds, 1)) + .nanoseconds(nanoseconds / 100_000) + .seconds(3_600))
    }

    @Test("never traps on arbitrary input", arguments: 0..<300 as Range<UInt64>)
    func arbitraryInput(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789HMSmun-".utf8) + [0, 0xFF]
        let text = (0..<Int.random(in: 0...11, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
        }
        if let parsed = TimeoutHeader.parse(text.span) {
            #expect(parsed >= .zero)
            #expect(text.count >= 2 && text.count <= 9)
        }
    }
}
