// SPDX-License-Identifier: Apache-2.0

public import SwiftProtobufPluginLibrary

/// Generates Swift from `.proto` files (proto3): messages and enums on WeirProtobuf, services on WeirRPC and WeirServer.
public struct Generator: Sendable {
    /// What the user chose.
    public var options: GeneratorOptions

    /// Creates a generator.
    public init(options: GeneratorOptions = GeneratorOptions()) {
        self.options = options
    }

    /// Returns the text of each generated file by its name; throws for a declaration that is not supported.
    public func generate(_ files: [FileDescriptor]) throws(GeneratorError) -> [String: String] {
        var texts: [String: String] = [:]
        for file in files {
            texts[Self.outputName(for: file.name)] = try FileGenerator(file: file, options: options).text()
        }
        return texts
    }

    /// The name of the file generated from `proto`: `weir/data.proto` becomes `weir/data.weir.swift`.
    public static func outputName(for proto: String) -> String {
        let suffix = ".proto"
        return (proto.hasSuffix(suffix) ? String(proto.dropLast(suffix.count)) : proto) + ".weir.swift"
    }
}
