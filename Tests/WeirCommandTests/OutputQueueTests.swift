// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import WeirCommand

/// What is shown of a bench keeps nobody waiting, and whether it was written is known.
struct OutputQueueTests {
    /// A pipe of one page, full to the brim.
    private func fullPipe() throws -> (reader: Int32, writer: Int32, held: Int) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
        var held = 0
        let page = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        while true {
            let count = write(ends[1], page, page.count)
            guard count > 0 else { break }
            held += count
        }
        // From here on a write blocks, as it does on a terminal that was stopped.
        try #require(fcntl(ends[1], F_SETFL, 0) == 0)
        return (ends[0], ends[1], held)
    }

    private func read(_ file: Int32, _ count: Int) -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while bytes.count < count {
            let taken = Glibc.read(file, &part, min(part.count, count - bytes.count))
            guard taken > 0 else { break }
            bytes += part.prefix(taken)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "nobody waits for a pipe that nobody reads, and of the changing line the newest is kept",
        .timeLimit(.minutes(1)))
    func blocked() async throws {
        let pipe = try fullPipe()
        defer {
            close(pipe.reader)
            close(pipe.writer)
        }
        let output = OutputQueue(file: pipe.writer)
        output.line("first")
        for number in 0..<100_000 { output.live("\(number)") }
        output.line("second")
        output.live("newest")
        // All of that came back although nothing could be written. Now somebody reads.
        _ = read(pipe.reader, pipe.held)
        #expect(await output.finish() == 0)
        let clear = "\r\u{1B}[K"
        // What was written while the line changed, if anything, is taken away again; the lines come in their order.
        let text = "first\nsecond\n"
        let seen = read(pipe.reader, text.utf8.count)
        #expect(seen == text || seen.hasPrefix("first\n" + clear))
        #expect(output.dropped == 0)
    }

    @Test("a thousand lines wait, what comes on top is dropped and counted", .timeLimit(.minutes(1)))
    func limit() async throws {
        let pipe = try fullPipe()
        defer { close(pipe.writer) }
        let output = OutputQueue(file: pipe.writer)
        // One line may be in the writer's hands; the others wait.
        for _ in 0..<(OutputQueue.mostLines + 11) { output.line("x") }
        #expect((10...11).contains(output.dropped))
        signal(SIGPIPE, SIG_IGN)
        close(pipe.reader)
        #expect(await output.finish() == EPIPE)
    }

    @Test("that a file takes nothing is known", .timeLimit(.minutes(1)))
    func full() async throws {
        let file = open("/dev/full", O_WRONLY)
        try #require(file >= 0)
        defer { close(file) }
        let output = OutputQueue(file: file)
        output.line("x")
        #expect(await output.finish() == ENOSPC)
        #expect(StandardOutput.write([1], to: file) == ENOSPC)
        #expect(StandardOutput.failure(ENOSPC).code == .ioError)
    }
}
