// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Generates the struct of a message with everything declared inside it, and its conformance.
struct MessageGenerator {
    private let message: Descriptor
    private let context: GeneratorContext

    init(_ message: Descriptor, _ context: GeneratorContext) {
        self.message = message
        self.context = context
    }

    /// Writes the struct.
    func write(to source: inout SourceText) throws(GeneratorError) {
        let fields = try self.fields()
        source.documentation(message.documentation(or: "The message `\(message.fullName)`."))
        let name = context.namer.relativeName(message: message)
        try source.block("\(context.typeAccess)struct \(name): ProtobufMessage, Hashable") {
            (source) throws(GeneratorError) in
            // In the order of the `.proto` file, a oneof in the place of its first member.
            var writtenOneofs: Set<Int32> = []
            for field in fields.sorted(by: { $0.descriptor.index < $1.descriptor.index }) {
                if let oneof = field.descriptor.realContainingOneof {
                    guard writtenOneofs.insert(Int32(oneof.index)).inserted else { continue }
                    writeProperty(of: oneof, to: &source)
                } else {
                    writeProperty(field, to: &source)
                }
                source.line()
            }
            source.line("/// Creates a message whose fields all have their defaults.")
            source.line("\(context.access)init() {}")
            for oneof in message.realOneofs {
                source.line()
                writeType(of: oneof, fields, to: &source)
            }
            for descriptor in message.enums {
                source.line()
                try EnumGenerator(descriptor, context).write(to: &source)
            }
            for nested in message.messages where !nested.options.mapEntry {
                source.line()
                try MessageGenerator(nested, context).write(to: &source)
            }
        }
    }

    /// Writes what the runtime needs, for the message and all messages inside it.
    func writeConformances(to source: inout SourceText) throws(GeneratorError) {
        let fields = try self.fields()
        source.line()
        source.block("nonisolated extension \(context.name(of: message))") { source in
            writeLayout(fields, to: &source)
            source.line()
            source.line("/// Hands every field to the runtime.")
            writeFunction(
                "func protobufWrite(to writer: ProtobufWriter)", fields.map(\.writeStatement), to: &source)
            source.line()
            source.line("/// Takes every field from the runtime.")
            writeFunction(
                "mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError)",
                fields.map(\.readStatement), to: &source)
        }
        for nested in message.messages where !nested.options.mapEntry {
            try MessageGenerator(nested, context).writeConformances(to: &source)
        }
    }

    private func writeFunction(_ head: String, _ statements: [String], to source: inout SourceText) {
        guard !statements.isEmpty else { return source.line("\(context.access)\(head) {}") }
        source.block(context.access + head) { source in
            for statement in statements { source.line(statement) }
        }
    }

    /// The fields in the order of their numbers.
    private func fields() throws(GeneratorError) -> [FieldModel] {
        if let field = message.extensions.first {
            throw GeneratorError("\(message.fullName): extension \(field.fullName) is not supported")
        }
        var fields: [FieldModel] = []
        for (index, field) in message.fields.sorted(by: { $0.number < $1.number }).enumerated() {
            fields.append(try FieldModel(field, index: index, context))
        }
        return fields
    }
}

// MARK: - Properties

extension MessageGenerator {
    private func writeProperty(_ field: FieldModel, to source: inout SourceText) {
        let documentation = field.descriptor.documentation(
            or: "The field `\(field.descriptor.name)`, number \(field.descriptor.number).")
        guard case .boxed = field.shape else {
            source.documentation(documentation)
            source.line(
                "\(context.access)var \(field.name): \(field.propertyType) = \(field.defaultValue(context))")
            return
        }
        let storage = "_" + field.caseName
        source.documentation(documentation)
        source.block("\(context.access)var \(field.name): \(field.propertyType)") { source in
            source.line("get { self.\(storage)?.message }")
            source.line("set { self.\(storage) = newValue.map { ProtobufBox($0) } }")
        }
        source.line("private var \(storage): ProtobufBox<\(field.valueType)>?")
    }

    private func writeProperty(of oneof: OneofDescriptor, to source: inout SourceText) {
        let names = context.namer.messagePropertyName(oneof: oneof, prefixed: "")
        source.documentation(oneof.documentation(or: "The oneof `\(oneof.name)`: which member is set, and its value."))
        source.line("\(context.access)var \(names.name): \(context.namer.relativeName(oneof: oneof))? = nil")
    }

    private func writeType(of oneof: OneofDescriptor, _ fields: [FieldModel], to source: inout SourceText) {
        source.line("/// The members of the oneof `\(oneof.name)`.")
        let name = context.namer.relativeName(oneof: oneof)
        source.block("\(context.typeAccess)enum \(name): Sendable, Hashable") { source in
            for field in fields where field.descriptor.realContainingOneof === oneof {
                source.documentation(
                    field.descriptor.documentation(
                        or: "The field `\(field.descriptor.name)`, number \(field.descriptor.number)."))
                var isIndirect = false
                if case .oneof(_, true) = field.shape { isIndirect = true }
                source.line("\(isIndirect ? "indirect " : "")case \(field.name)(\(field.valueType))")
            }
        }
    }

    private func writeLayout(_ fields: [FieldModel], to source: inout SourceText) {
        source.line("/// The fields, as the runtime needs them.")
        let name = swiftLiteral(message.fullName)
        guard !fields.isEmpty else {
            source.line(
                "\(context.access)static let protobufLayout: ProtobufLayout = .init(name: \(name), fields: [])")
            return
        }
        source.line("\(context.access)static let protobufLayout: ProtobufLayout = .init(")
        source.indented { source in
            source.line("name: \(name),")
            source.line("fields: [")
            source.indented { source in
                for field in fields { source.line(field.layoutElement + ",") }
            }
            source.line("])")
        }
    }
}
