// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import Synchronization
internal import UnixSignals
internal import WeirConfiguration
internal import WeirSlowClients
internal import WeirTesting

/// `weir slow-clients`: the bench of slow and hostile clients, for any gRPC server.
struct SlowClientsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow-clients",
        abstract: "Find out how a gRPC server treats slow clients.",
        discussion: """
            Connects clients of one kind after the other to a server in any language: clients that never read, read a
            byte at a time, stop in the middle of a message, vanish, flood. Beside each of them a well-behaved client
            measures its latency. Each kind ends in a verdict: pass, weak or fail, with the criterion and the figures.

            The method should stream more than a few hundred KiB to a client that reads; a request is an encoded message
            (--request-hex, --request-file), or protobuf text that protoc encodes (--request-text with --proto). Without
            one an empty message is sent. The server has to speak HTTP/2 without TLS, and only addresses of this machine
            are called unless --allow-remote is given: some clients are hostile. Say what your server's stall deadline is
            with --stall-deadline; if it has none, the bench shows what comes of that.

            Examples:
              weir slow-clients --target 127.0.0.1:50051 --method weir.data.v1.DataService/StreamData --stall-deadline 5s
              weir slow-clients --target localhost:9000 --method shop.v1.Shop/Watch --request-text 'id: 7' --proto shop.proto \\
                --profile never-reads,vanish --pid "$(pidof shop)" --html report.html --json report.json
              weir slow-clients --compare a.json b.json --html compared.html

            Exit codes: 0 no profile failed, 1 one failed, 2 could not run, 64 wrong usage, 74 standard output cannot be
            written, 130 ended by Ctrl-C (the reports are written).
            Durations are written 250ms, 30s, 5m or 1h.
            """)

    @Option(help: ArgumentHelp("The server, as host:port or [address]:port.", valueName: "host:port"))
    var target: String?
    @Option(
        help: ArgumentHelp("What to call: a method that streams its response.", valueName: "package.Service/Method"))
    var method: String?
    @Option(help: ArgumentHelp("The request, encoded, as hexadecimal digits.", valueName: "digits"))
    var requestHex: String?
    @Option(help: ArgumentHelp("The request, encoded, from a file.", valueName: "file"))
    var requestFile: String?
    @Option(help: ArgumentHelp("The request in protobuf's text format; needs --proto.", valueName: "text"))
    var requestText: String?
    @Option(help: ArgumentHelp("The .proto file that has the method, for --request-text.", valueName: "file.proto"))
    var proto: String?
    @Option(
        name: [.customShort("I"), .long], help: ArgumentHelp("Where its imports are looked for.", valueName: "dir"))
    var protoPath: [String] = []
    @Option(help: ArgumentHelp("Profiles to run, with commas between, or all; see --list.", valueName: "name,..."))
    var profile = "all"
    @Option(help: ArgumentHelp("How long the server lets a stream stall.", valueName: "duration"))
    var stallDeadline = "60s"
    @Option(help: ArgumentHelp("Streams on each connection, for profiles that open several.", valueName: "n"))
    var streams = 10
    @Option(help: ArgumentHelp("Connections, for profiles that open several.", valueName: "n"))
    var connections = 1
    @Option(help: ArgumentHelp("How long profiles last in which nothing has to stall.", valueName: "duration"))
    var duration = "20s"
    @Option(help: ArgumentHelp("The server's process, to watch its memory and processor time.", valueName: "pid"))
    var pid: Int32?
    @Option(help: ArgumentHelp("What to call the server in reports. (default: the target)", valueName: "text"))
    var label: String?
    @Option(help: ArgumentHelp("Write all figures and samples as JSON.", valueName: "file"))
    var json: String?
    @Option(help: ArgumentHelp("Write a report with plots, one HTML file.", valueName: "file"))
    var html: String?
    @Option(help: ArgumentHelp("Write the verdicts as JUnit XML, for CI systems.", valueName: "file"))
    var junit: String?
    @Option(help: ArgumentHelp("With --compare: write the matrix as a Markdown table.", valueName: "file"))
    var markdown: String?
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Compare JSON reports of several servers; needs --html or --markdown.", valueName: "file"))
    var compare: [String] = []
    @Flag(help: "Allow a target that is not on this machine.")
    var allowRemote = false
    @Flag(help: "List the profiles: what they do, and what a good server does.")
    var list = false

    func run() async throws {
        if list { return try listProfiles() }
        if !compare.isEmpty { return try writeComparison() }
        let bench = SlowClientBench(try options())
        for file in [json, html, junit].compactMap({ $0 }) { try ReportFile.checkIsWritable(file) }
        signal(SIGPIPE, SIG_IGN)
        let display = BenchDisplay()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let isOver = Atomic(false)
        let watch = Task {
            var isEnding = false
            for await _ in signals {
                // The second time, or when there is nothing more to do than to wait for a terminal.
                if isEnding || isOver.load(ordering: .relaxed) { Glibc.exit(130) }
                isEnding = true
                bench.stop()
            }
        }
        defer { watch.cancel() }
        let report: BenchReport
        do {
            report = try await bench.run { display.show($0) }
        } catch let error as BenchError {
            isOver.store(true, ordering: .relaxed)
            try? await display.clear()
            throw CommandFailure(error.code == .usage ? .usage : .couldNotRun, error.message)
        }
        // Files first: whether anybody reads the terminal is nobody's promise.
        let files = Result {
            try ReportFile.writeAll([
                (json, { try JSONReport.encode(report) }), (html, { HTMLReport.page(report) }),
                (junit, { JUnitReport.xml(report) }),
            ])
        }
        isOver.store(true, ordering: .relaxed)
        do {
            try await display.finish(report)
        } catch let failure as CommandFailure {
            try files.get()
            throw failure
        }
        try files.get()
        if !report.isComplete { Glibc.exit(130) }
        if report.summary.fail > 0 { Glibc.exit(1) }
        if report.summary.inconclusive == report.profiles.count {
            throw CommandFailure(.couldNotRun, "no profile came to a verdict", hint: "the reasons are above")
        }
    }

    private func listProfiles() throws {
        for profile in BenchProfiles.all {
            try StandardOutput.line("\(profile.name)\n  \(profile.summary)\n  Good: \(profile.goodServer)\n")
        }
    }

    private func writeComparison() throws {
        guard html != nil || markdown != nil else {
            throw CommandFailure(.usage, "--compare needs a file to write to", hint: "--html or --markdown")
        }
        guard compare.count <= ComparisonReport.mostReports else {
            throw CommandFailure(
                .usage, "at most \(ComparisonReport.mostReports) reports can be compared, not \(compare.count)")
        }
        let reports = try compare.map { file in
            do {
                return try JSONReport.decode(
                    try ReportFile.read(file, atMost: JSONReport.mostBytes), file: file)
            } catch let failure as JSONReport.Failure {
                throw CommandFailure(.couldNotRun, failure.description)
            }
        }
        try ReportFile.writeAll([
            (html, { ComparisonReport.page(reports) }), (markdown, { ComparisonReport.markdown(reports) }),
        ])
    }

    // MARK: - Options

    private func options() throws -> BenchOptions {
        guard let target else {
            throw CommandFailure(.usage, "--target is missing", hint: "as in --target 127.0.0.1:50051")
        }
        guard let method else {
            throw CommandFailure(.usage, "--method is missing", hint: "as in --method shop.v1.Shop/Watch")
        }
        let (host, port) = try Self.address(target)
        let path = try Self.path(method)
        let message = try SlowClientsRequest(
            hex: requestHex, file: requestFile, text: requestText, proto: proto, protoPath: protoPath, path: path
        ).encoded()
        var plan = BenchPlan(call: ClientCall(path: path, message: message))
        plan.stallDeadline = try Self.duration(stallDeadline, "--stall-deadline")
        plan.duration = try Self.duration(duration, "--duration")
        plan.streams = streams
        plan.connections = connections
        var options = BenchOptions(host: host, port: port, plan: plan, profiles: try chosenProfiles())
        options.label = label
        options.pid = pid
        options.allowsRemote = allowRemote
        if let problem = options.problem { throw CommandFailure(.usage, problem) }
        return options
    }

    private func chosenProfiles() throws -> [any BenchProfile] {
        if profile == "all" { return BenchProfiles.all }
        var chosen: [any BenchProfile] = []
        for name in profile.split(separator: ",").map(String.init) where !chosen.contains(where: { $0.name == name }) {
            guard let found = BenchProfiles.named(name) else {
                throw CommandFailure(.usage, "there is no profile \(name)", hint: "--list shows them all")
            }
            chosen.append(found)
        }
        return chosen
    }

    /// `host:port`, or `[address]:port`.
    static func address(_ text: String) throws -> (host: String, port: Int) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let host = parts.dropLast().joined(separator: ":")
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard let last = parts.last, let port = Int(last), (1...65_535).contains(port), !host.isEmpty,
            isBracketed || !host.contains(":")
        else {
            throw CommandFailure(
                .usage, "--target \(text) is no address", hint: "host:port, or [address]:port for IPv6")
        }
        return (isBracketed ? String(host.dropFirst().dropLast()) : host, port)
    }

    /// The value of `:path` of a method that was written with or without a slash in front.
    static func path(_ method: String) throws -> String {
        let path = method.hasPrefix("/") ? method : "/" + method
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw CommandFailure(
                .usage, "--method \(method) is no method", hint: "as in package.Service/Method")
        }
        return path
    }

    private static func duration(_ text: String, _ option: String) throws -> Duration {
        guard let duration = UnitText.duration(text) else {
            throw CommandFailure(
                .usage, "\(option) \(text) is not a duration", hint: UnitText.durationForm)
        }
        return duration
    }
}
