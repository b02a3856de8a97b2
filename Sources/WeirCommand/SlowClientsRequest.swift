// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import SwiftProtobuf

/// The request that the bench sends: given encoded, or as text that protoc encodes.
struct SlowClientsRequest {
    var hex: String?
    var file: String?
    var text: String?
    var proto: String?
    var protoPath: [String]
    /// The value of `:path`.
    var path: String

    /// Most bytes of a request: what a server takes before it has returned any credit (RFC 9113 §6.9.2), prefix included.
    static let mostBytes = 65_530

    /// The encoded message; empty when nothing was given.
    func encoded() throws -> [UInt8] {
        let message = try read()
        guard message.count <= Self.mostBytes else {
            throw CommandFailure(
                .usage, "the request has \(message.count) bytes; at most \(Self.mostBytes) are sent")
        }
        return message
    }

    private func read() throws -> [UInt8] {
        guard [hex, file, text].count(where: { $0 != nil }) <= 1 else {
            throw CommandFailure(
                .usage, "there is more than one request",
                hint: "one of --request-hex, --request-file, --request-text")
        }
        if proto != nil, text == nil {
            throw CommandFailure(.usage, "--proto is of use with --request-text only")
        }
        if let hex { return try Self.bytes(hex) }
        if let file { return try ReportFile.read(file, atMost: 1 << 20) }
        guard let text else { return [] }
        guard let proto else {
            throw CommandFailure(.usage, "--request-text needs --proto", hint: "the file that has the method")
        }
        return try encode(text, proto)
    }

    private static func bytes(_ hex: String) throws -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while let high = rest.popFirst(), let low = rest.popFirst() {
            guard let value = UInt8("\(high)\(low)", radix: 16), high.isHexDigit, low.isHexDigit else { break }
            bytes.append(value)
        }
        guard bytes.count * 2 == digits.count else {
            throw CommandFailure(
                .usage, "--request-hex \(hex) is not pairs of hexadecimal digits", hint: "as in 0801")
        }
        return bytes
    }

    private func encode(_ text: String, _ proto: String) throws -> [UInt8] {
        guard access(proto, R_OK) == 0 else {
            throw CommandFailure(.couldNotRun, "\(proto) cannot be read: \(String(cString: strerror(errno)))")
        }
        // Without a directory protoc looks in its own working directory only.
        let folder = proto.lastIndex(of: "/").map { String(proto[..<$0]) } ?? "."
        let paths = (protoPath.isEmpty ? [folder.isEmpty ? "/" : folder] : protoPath).map { "--proto_path=\($0)" }
        let set = try ProtocRun(
            paths + ["--include_imports", "--descriptor_set_out=/dev/stdout", proto], input: []
        ).output()
        let type = try inputType(set, proto)
        return try ProtocRun(paths + ["--encode=\(type)", proto], input: Array((text + "\n").utf8)).output()
    }

    /// The full name of the method's input type.
    private func inputType(_ set: [UInt8], _ proto: String) throws -> String {
        let parts = path.split(separator: "/").map(String.init)
        guard let files = try? Google_Protobuf_FileDescriptorSet(serializedBytes: set) else {
            throw CommandFailure(.couldNotRun, "protoc wrote no descriptors of \(proto)")
        }
        for file in files.file {
            for service in file.service {
                let name = file.package.isEmpty ? service.name : "\(file.package).\(service.name)"
                guard name == parts.first, let method = service.method.first(where: { $0.name == parts.last }) else {
                    continue
                }
                return String(method.inputType.drop { $0 == "." })
            }
        }
        throw CommandFailure(.usage, "\(proto) has no method \(path.dropFirst())")
    }
}

/// One run of the system's protoc.
struct ProtocRun {
    private let arguments: [String]
    private let input: [UInt8]

    init(_ arguments: [String], input: [UInt8]) {
        self.arguments = arguments
        self.input = input
    }

    /// What it wrote to standard output.
    func output() throws -> [UInt8] {
        // Files, not pipes: nothing can fill up while nobody reads.
        let files = try (0..<3).map { _ in try Self.temporaryFile() }
        defer { for file in files { close(file) } }
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(files[0], $0.baseAddress, $0.count) }
            guard count > 0 else { throw Self.failure("cannot be given its input") }
            rest = rest.dropFirst(count)
        }
        lseek(files[0], 0, SEEK_SET)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, file) in files.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, file, Int32(number))
        }
        let cArguments = (["protoc"] + arguments).map { strdup($0) }
        defer { for argument in cArguments { free(argument) } }
        var process = pid_t()
        let error = posix_spawnp(&process, "protoc", &actions, nil, cArguments + [nil], environ)
        guard error == 0 else {
            throw CommandFailure(
                .couldNotRun, "protoc cannot be run: \(String(cString: strerror(error)))",
                hint: "on Debian: apt-get install protobuf-compiler")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else {
            let text = String(decoding: Self.content(files[2]), as: UTF8.self)
            let lines = text.split(separator: "\n").filter { !$0.hasPrefix("[libprotobuf WARNING") }
            throw CommandFailure(.couldNotRun, "protoc: \(lines.first ?? "failed")")
        }
        return Self.content(files[1])
    }

    private static func temporaryFile() throws -> Int32 {
        guard let stream = tmpfile() else { throw failure("has no place to write to") }
        defer { fclose(stream) }
        let file = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3)
        guard file >= 0 else { throw failure("has no place to write to") }
        return file
    }

    private static func content(_ file: Int32) -> [UInt8] {
        lseek(file, 0, SEEK_SET)
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while content.count < 64 << 20 {
            let count = read(file, &part, part.count)
            guard count > 0 else { break }
            content += part.prefix(count)
        }
        return content
    }

    private static func failure(_ what: String) -> CommandFailure {
        CommandFailure(.couldNotRun, "protoc \(what): \(String(cString: strerror(errno)))")
    }
}
