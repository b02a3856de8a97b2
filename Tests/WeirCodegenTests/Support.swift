// SPDX-License-Identifier: Apache-2.0

import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary
import Testing
import WeirCodegen

/// Generates Swift from the text of a `.proto` file, which protoc reads; without the descriptor at its end unless that is wanted.
func generate(
    _ proto: String, _ options: GeneratorOptions = .init(server: false), withDescriptor: Bool = false
) throws -> String {
    let texts = try Generator(options: options).generate([descriptor(of: proto)])
    let text = try #require(texts["test.weir.swift"])
    let descriptor = try #require(text.range(of: "\n/// What reflection tells of `test.proto`.\n"))
    return withDescriptor ? text : String(text[..<descriptor.lowerBound])
}

/// The part of the generated text that begins with the line that starts with `start` and ends before the next empty line
/// on the outermost level.
func declaration(_ start: String, in text: String) throws -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let first = try #require(lines.firstIndex { $0.hasPrefix(start) })
    let last = try #require(lines[first...].firstIndex { $0.hasPrefix("}") })
    return lines[first...last].joined(separator: "\n")
}

/// Which error generating ends with.
func generatorError(_ proto: String, _ options: GeneratorOptions = .init()) throws -> String? {
    let file = try descriptor(of: proto)
    do throws(GeneratorError) {
        _ = try Generator(options: options).generate([file])
        return nil
    } catch {
        return error.description
    }
}

/// Generates Swift from a `.proto` file of this package; `root` is relative to the package.
func generate(file: String, under root: String, _ options: GeneratorOptions) throws -> String {
    let files = try descriptorSet(of: [file], under: package.appending(path: root).path)
    let descriptor = try #require(files.fileDescriptor(named: file))
    return try #require(try Generator(options: options).generate([descriptor])[Generator.outputName(for: file)])
}

/// The text of a file of this package.
func contents(of path: String) throws -> String {
    try String(contentsOf: package.appending(path: path), encoding: .utf8)
}

private let package = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

private func descriptor(of proto: String) throws -> FileDescriptor {
    try inTemporaryFolder { folder in
        try Data(proto.utf8).write(to: folder.appending(path: "test.proto"))
        return try #require(
            try descriptorSet(of: ["test.proto"], under: folder.path).fileDescriptor(named: "test.proto"))
    }
}

private func descriptorSet(of files: [String], under root: String) throws -> DescriptorSet {
    try inTemporaryFolder { folder in
        let output = folder.appending(path: "set")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["protoc", "-I", root, "--include_imports", "--include_source_info", "--descriptor_set_out=\(output.path)"]
            + files
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let bytes = try Data(contentsOf: output)
        return DescriptorSet(proto: try Google_Protobuf_FileDescriptorSet(serializedBytes: bytes))
    }
}

private func inTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "weir-codegen-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
