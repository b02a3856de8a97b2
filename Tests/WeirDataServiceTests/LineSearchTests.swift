// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import WeirDataService

@Suite("The search for the start of a line")
struct LineSearchTests {
    private func file(_ content: [UInt8]) throws -> (TemporaryDirectory, OpenFile) {
        let directory = try TemporaryDirectory()
        try directory.write("file", content)
        return (directory, try DataDirectory(path: directory.path).open("file"))
    }

    @Test("One step looks at 1 MiB and no more, so that a long search can be cancelled")
    func step() throws {
        let (directory, file) = try file([UInt8](repeating: UInt8(ascii: "x"), count: 1_048_577))
        let first = try LineSearch.skip(1, from: 0, in: file)
        #expect(first == LineSearch.Step(lines: 0, end: 1_048_576))
        #expect(try LineSearch.skip(1, from: first.end, in: file) == LineSearch.Step(lines: 0, end: 1_048_577))
        withExtendedLifetime(directory) {}
    }

    @Test(
        "A step ends behind the last line that was asked for, also where blocks meet",
        arguments: [65_535, 65_536, 65_537, 3])
    func exactEnd(lineBytes: Int) throws {
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: lineBytes - 1) + [UInt8(ascii: "\n")]
        let (directory, file) = try file(Array(repeatElement(line, count: 10).joined()))
        for lines in UInt64(1)...10 {
            let step = try LineSearch.skip(lines, from: 0, in: file)
            #expect(step == LineSearch.Step(lines: lines, end: lines * UInt64(lineBytes)))
        }
        #expect(try LineSearch.skip(.max, from: 0, in: file) == LineSearch.Step(lines: 10, end: UInt64(10 * lineBytes)))
        withExtendedLifetime(directory) {}
    }
}
