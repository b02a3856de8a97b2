// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Generates what reflection tells of a file: its descriptor, and those of the files it imports.
///
/// A file whose types are used has generated code of its own, and is referred to. Any other, such as one of options or a
/// well-known type, may have none, so its descriptor is written into this one's code.
struct DescriptorGenerator {
    private let file: FileDescriptor
    private let context: GeneratorContext
    /// Names of the files that have generated code.
    private let generated: Set<String>

    init(_ file: FileDescriptor, _ context: GeneratorContext) {
        self.file = file
        self.context = context
        generated = Self.filesOfTypes(usedIn: file)
    }

    func write(to source: inout SourceText) throws(GeneratorError) {
        let embedded = embeddedFiles()
        source.documentation(["What reflection tells of `\(file.name)`."])
        try source.block("\(context.typeAccess)enum \(Self.typeName(of: file))") { (source) throws(GeneratorError) in
            source.line("/// The file.")
            try writeDescriptor(of: file, "\(context.access)static let descriptor", embedded, to: &source)
            for (number, other) in embedded.enumerated() {
                source.line()
                source.line("/// The file `\(other.name)`, for which there is no generated code.")
                try writeDescriptor(of: other, "private static let embedded\(number)", embedded, to: &source)
            }
        }
        guard context.options.server else { return }
        for service in file.services {
            let name = context.namer.typePrefix(forFile: file) + service.name
            source.line()
            source.block("nonisolated extension \(name).StreamingServiceProtocol") { source in
                source.line("/// The file that declares the service, for reflection.")
                source.line(
                    "\(context.access)static var fileDescriptors: [ProtobufFileDescriptor] "
                        + "{ [\(Self.typeName(of: file)).descriptor] }")
            }
        }
    }

    /// The files to embed, in the order in which they are found.
    private func embeddedFiles() -> [FileDescriptor] {
        var embedded: [FileDescriptor] = []
        var pending = file.dependencies[...]
        while let next = pending.popFirst() {
            guard !generated.contains(next.name), !embedded.contains(where: { $0.name == next.name }) else { continue }
            embedded.append(next)
            pending += next.dependencies
        }
        return embedded
    }

    private func writeDescriptor(
        of file: FileDescriptor, _ head: String, _ embedded: [FileDescriptor], to source: inout SourceText
    ) throws(GeneratorError) {
        let dependencies = file.dependencies.map { dependency in
            embedded.firstIndex { $0.name == dependency.name }.map { "embedded\($0)" }
                ?? "\(Self.typeName(of: dependency)).descriptor"
        }
        let bytes: [UInt8]
        do { bytes = try Self.plain(file).serializedBytes() } catch {
            throw GeneratorError("\(file.name): its descriptor cannot be encoded: \(error)")
        }
        source.line("\(head) = ProtobufFileDescriptor(")
        source.indented { source in
            source.line("name: \(swiftLiteral(file.name)),")
            source.line("dependencies: [\(dependencies.joined(separator: ", "))],")
            source.line("text: \"\"\"")
            source.indented { source in
                for line in Self.literalLines(bytes) { source.line(line) }
                source.line("\"\"\")")
            }
        }
    }

    /// The descriptor without comments, and without JSON names that follow from the names.
    private static func plain(_ file: FileDescriptor) -> Google_Protobuf_FileDescriptorProto {
        var proto = file.extractProto()
        for index in proto.messageType.indices { strip(&proto.messageType[index]) }
        for index in proto.extension.indices { strip(&proto.extension[index]) }
        return proto
    }

    private static func strip(_ message: inout Google_Protobuf_DescriptorProto) {
        for index in message.field.indices { strip(&message.field[index]) }
        for index in message.extension.indices { strip(&message.extension[index]) }
        for index in message.nestedType.indices { strip(&message.nestedType[index]) }
    }

    private static func strip(_ field: inout Google_Protobuf_FieldDescriptorProto) {
        if field.jsonName == jsonName(of: field.name) { field.clearJsonName() }
    }

    /// `request_cost` becomes `requestCost`.
    private static func jsonName(of name: String) -> String {
        var result = ""
        var isWordStart = false
        for character in name {
            if character == "_" {
                isWordStart = true
            } else {
                result += isWordStart ? character.uppercased() : String(character)
                isWordStart = false
            }
        }
        return result
    }

    /// The lines of a literal between `"""`, each but the last with a backslash that joins it to the next.
    private static func literalLines(_ bytes: [UInt8]) -> [String] {
        var lines = [""]
        for byte in bytes {
            if lines[lines.count - 1].utf8.count >= 100 {
                lines[lines.count - 1] += "\\"
                lines.append("")
            }
            lines[lines.count - 1] += escaped(byte)
        }
        return lines
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): "\\" + String(Unicode.Scalar(byte))
        case 0x20..<0x7F: String(Unicode.Scalar(byte))
        case 0: "\\0"
        case 0x0A: "\\n"
        case 0x09: "\\t"
        case 0x0D: "\\r"
        default: "\\u{\(String(byte, radix: 16, uppercase: true))}"
        }
    }

    // MARK: - Names

    /// The name of the type that holds a file's descriptor.
    private static func typeName(of file: FileDescriptor) -> String {
        let suffix = ".proto"
        let stem = file.name.hasSuffix(suffix) ? String(file.name.dropLast(suffix.count)) : file.name
        return stem.unicodeScalars.reduce(into: "ProtobufFile_") { name, scalar in
            switch scalar {
            case "/": name += "_"
            case "_": name += "__"
            case "a"..."z", "A"..."Z", "0"..."9": name.unicodeScalars.append(scalar)
            default: name += "_x\(String(scalar.value, radix: 16))_"
            }
        }
    }

    private static func filesOfTypes(usedIn file: FileDescriptor) -> Set<String> {
        let fields = file.messages.flatMap(\.withNested).flatMap(\.fields)
        let methods = file.services.flatMap(\.methods)
        let files =
            fields.flatMap { [$0.messageType?.file, $0.enumType?.file] }
            + methods.flatMap { [$0.inputType.file, $0.outputType.file] }
        return Set(files.compactMap { $0 }.filter { $0.package != "google.protobuf" }.map(\.name))
    }
}
