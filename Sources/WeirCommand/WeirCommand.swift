// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import WeirConfiguration

/// The `weir` command.
@main
struct WeirCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A gRPC streaming server in which a slow client is the normal case.",
        discussion: """
            weir serve streams files, synthetic data and a ticker to any gRPC client, suspends when a client is slow,
            and cancels streams that stall past a deadline. weir slow-clients finds out how any gRPC server treats slow
            clients. weir generate turns .proto files into Swift.

            Exit codes: 0 success, 64 wrong usage, 66 a directory or file cannot be used, 69 a service or program is not
            available, 71 the operating system refused, 74 standard output cannot be written, 143 ended by a second signal.
            Those of weir slow-clients are in its own help.
            """,
        subcommands: [ServeCommand.self, SlowClientsCommand.self, GenerateCommand.self])

    /// Every mistake in the arguments is one line on standard error and exit code 64; help goes to standard output.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            failure.exit()
        } catch let error as SettingsError {
            CommandFailure(.usage, error.problems.map(\.description).joined(separator: "\nweir: ")).exit()
        } catch {
            guard exitCode(for: error) == .success else {
                CommandFailure(
                    .usage, message(for: error).split(separator: "\n").first.map(String.init) ?? "wrong usage",
                    hint: "see weir --help"
                ).exit()
            }
            // Help that was asked for. The library would not notice that it cannot be written.
            do {
                try StandardOutput.line(fullMessage(for: error))
            } catch let failure as CommandFailure {
                failure.exit()
            } catch {
                exit(withError: error)
            }
        }
    }
}
