// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc

/// `weir generate`: runs the system's protoc with the plugin protoc-gen-weir.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Turn .proto files into Swift.",
        discussion: """
            Writes one FILE.weir.swift for each FILE.proto, with its messages and, per service, the protocol that a server
            implements. Needs protoc (Debian: protobuf-compiler) and protoc-gen-weir, which is looked for beside weir and
            then on the PATH.

            Example: weir generate --out Sources/App/Generated -I protos protos/shop/v1/shop.proto
            """)

    @Option(help: ArgumentHelp("Directory to write to; made if it is missing.", valueName: "dir"))
    var out: String
    @Option(name: [.customShort("I"), .long], help: ArgumentHelp("Where imports are looked for.", valueName: "dir"))
    var protoPath: [String] = []
    @Option(help: "Access level of what is generated: internal, package or public.")
    var visibility = "internal"
    @Flag(inversion: .prefixedNo, help: "Generate what servers implement.")
    var server = true
    @Argument(help: ArgumentHelp("The .proto files.", valueName: "file.proto"))
    var files: [String]

    func run() throws {
        guard ["internal", "package", "public"].contains(visibility) else {
            throw CommandFailure(.usage, "--visibility \(visibility) is not known", hint: "internal, package or public")
        }
        for file in files where access(file, R_OK) != 0 {
            throw CommandFailure(.noInput, "\(file) cannot be read: \(Self.reason)")
        }
        if mkdir(out, 0o777) != 0, errno != EEXIST {
            throw CommandFailure(.cannotCreate, "\(out) cannot be made: \(Self.reason)")
        }
        var arguments = ["protoc", "--weir_out=\(out)", "--weir_opt=visibility=\(visibility),server=\(server)"]
        if let plugin = Self.pluginBesideThisProgram { arguments.append("--plugin=protoc-gen-weir=\(plugin)") }
        arguments += protoPath.map { "--proto_path=\($0)" } + files
        // protoc takes this process's place: its messages and its exit code are the answer.
        var cArguments = arguments.map { strdup($0) } + [nil]
        execvp("protoc", &cArguments)
        throw CommandFailure(
            .unavailable, "protoc cannot be run: \(Self.reason)", hint: "on Debian: apt-get install protobuf-compiler")
    }

    private static var reason: String { String(cString: strerror(errno)) }

    private static var pluginBesideThisProgram: String? {
        guard let resolved = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(resolved) }
        let program = String(cString: resolved)
        guard let slash = program.lastIndex(of: "/") else { return nil }
        let plugin = program[...slash] + "protoc-gen-weir"
        return access(String(plugin), X_OK) == 0 ? String(plugin) : nil
    }
}
