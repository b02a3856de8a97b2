// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization
internal import WeirSlowClients
internal import WeirTesting

/// Shows how far a bench is: one line that changes on a terminal, a line for each profile elsewhere.
///
/// It is told by the threads that measure, and keeps none of them waiting: a terminal may be stopped for minutes.
final class BenchDisplay: Sendable {
    private struct State {
        var began = ContinuousClock.now
        var place = 0
        var count = 0
        var atMost = Duration.zero
    }

    private let isTerminal = isatty(STDOUT_FILENO) == 1
    /// Whether the terminal knows how to clear a line.
    private let isLive: Bool
    private let colours: Bool
    private let state = Mutex(State())
    private let output = OutputQueue(file: STDOUT_FILENO)
    private let warnings = OutputQueue(file: STDERR_FILENO)

    init() {
        let terminal = getenv("TERM").map { String(cString: $0) } ?? ""
        isLive = isTerminal && !terminal.isEmpty && terminal != "dumb"
        colours = isLive && getenv("NO_COLOR") == nil
    }

    /// Shows one thing.
    func show(_ progress: BenchProgress) {
        state.withLock { state in
            switch progress {
            case .warning(let text): warnings.line("weir: warning: \(text)")
            case .measuring:
                live("measuring the method and a well-behaved client by itself")
            case .began(let name, let place, let count, let atMost):
                state.began = .now
                state.place = place
                state.count = count
                state.atMost = atMost
                live("\(name): connecting")
            case .sample(let name, let sample):
                guard isLive else { return }
                live(Self.text(name, sample, state))
            case .ended(let result):
                output.line(TextTable.line(result, colours: colours))
            }
        }
    }

    /// Takes the changing line away, and waits until all is written.
    ///
    /// - Throws: `CommandFailure` when not all of it could be written.
    func clear() async throws {
        _ = await warnings.finish()
        let error = await output.finish()
        if error != 0 { throw StandardOutput.failure(error) }
    }

    /// Shows the table of all verdicts, and waits until all is written.
    ///
    /// - Throws: `CommandFailure` when not all of it could be written.
    func finish(_ report: BenchReport) async throws {
        if isTerminal, report.profiles.count > 1 {
            output.line("\n" + TextTable.table(report.profiles, width: width, colours: colours))
        }
        output.line(TextTable.counts(report.summary) + (report.isComplete ? "" : " (ended before all profiles ran)"))
        try await clear()
    }

    private static func text(_ name: String, _ sample: BenchObservation.Sample, _ state: State) -> String {
        let seconds = Int(sample.at / .seconds(1))
        let most = max(1, Int((state.atMost / .seconds(1)).rounded(.up)))
        let filled = min(20, 20 * seconds / most)
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
        var text = "[\(state.place)/\(state.count)] \(name) [\(bar)] \(seconds)s of at most \(most)s"
        text += " | \(sample.openStreams) open, \(size(sample.dataBytes)) received"
        if let latency = sample.canaryLatency {
            text += " | canary \(Int((latency / .milliseconds(1)).rounded(.up)))ms"
        }
        if let resident = sample.residentBytes { text += " | server \(size(resident))" }
        return text
    }

    private static func size(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\(bytes >> 10)KiB" : "\(bytes >> 20)MiB"
    }

    private func live(_ text: String) {
        if isLive { output.live(String(text.prefix(max(1, width - 1)))) }
    }

    private var width: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 100
    }
}
