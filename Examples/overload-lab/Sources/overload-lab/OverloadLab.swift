// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import OverloadModel

/// Runs every strategy against too much load, and shows what becomes of it.
@main
struct OverloadLab: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overload-lab",
        abstract: "What overload does to a server and to a stream, with each strategy and with none.",
        discussion: """
            Calls come at 0.5 to 4 times what a server can do, and messages at 0.5 to 4 times what a consumer can take, in
            virtual time. Then "none" and "default" are tried on a real server over sockets.

            Example: swift run -c release overload-lab --html overload.html --json overload.json
            """)

    @Option(help: ArgumentHelp("Write the rows as a list to this file; - is standard output.", valueName: "file"))
    var json: String?
    @Option(help: ArgumentHelp("Write a page with plots to this file.", valueName: "file"))
    var html: String?
    @Option(help: "Where the random numbers begin: the same seed gives the same curves.")
    var seed: UInt64 = 1
    @Flag(inversion: .prefixedNo, help: "Try it on a real server too, which takes 20 s.")
    var sockets = true

    private static let loads = [0.5, 1, 2, 3, 4]

    func run() async throws {
        var rows: [Row] = []
        var meanings: [String: String] = [:]
        let count = CallStrategy.all.count + StreamStrategy.all.count
        for strategy in CallStrategy.all {
            progress("\(meanings.count + 1)/\(count) \(strategy.name)")
            meanings[strategy.name] = strategy.meaning
            rows += Self.loads.map { strategy.row(load: $0, seed: seed) }
        }
        for strategy in StreamStrategy.all {
            progress("\(meanings.count + 1)/\(count) \(strategy.name)")
            meanings[strategy.name] = strategy.meaning
            rows += Self.loads.map { strategy.row(load: $0, seed: seed) }
        }
        var check: [SocketCheck.Figure] = []
        if sockets {
            for (name, chain) in [("none", nil), ("default", CallStrategy.standard)] as [(String, CallStrategy?)] {
                for load in [0.5, 3] {
                    progress("sockets: \(name) at \(load)x")
                    check.append(try await SocketCheck.run(name, isAdmitting: chain != nil, load: load))
                }
            }
        }
        progress("")
        if json != "-" { print(Table.text(rows)) }
        for figure in check where json != "-" { print(figure.text) }
        if let json { try write(rows.json, to: json) }
        if let html { try write(Page(rows: rows, meanings: meanings, check: check).html, to: html) }
    }

    private func write(_ text: String, to path: String) throws {
        guard path != "-" else { return print(text, terminator: "") }
        guard let file = fopen(path, "w") else {
            throw ValidationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw ValidationError("\(path) was not written: \(String(cString: strerror(errno)))")
        }
        say("overload-lab: wrote \(path)\n")
    }

    /// One line that is written over, on a terminal only.
    private func progress(_ text: String) {
        guard isatty(2) == 1 else { return }
        say("\r\u{1B}[K\(text)")
    }

    private func say(_ text: String) {
        var text = text
        _ = text.withUTF8 { bytes in Glibc.write(2, bytes.baseAddress, bytes.count) }
    }
}
