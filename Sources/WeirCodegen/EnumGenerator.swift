// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Generates the Swift enum of a Protocol Buffers enum, with a case for numbers that have no name.
struct EnumGenerator {
    private let descriptor: EnumDescriptor
    private let context: GeneratorContext

    init(_ descriptor: EnumDescriptor, _ context: GeneratorContext) {
        self.descriptor = descriptor
        self.context = context
    }

    func write(to source: inout SourceText) throws(GeneratorError) {
        guard !descriptor.isClosed else {
            throw GeneratorError("\(descriptor.fullName): closed enums are not supported")
        }
        source.documentation(descriptor.documentation(or: "The enum `\(descriptor.fullName)`."))
        let name = context.namer.relativeName(enum: descriptor)
        source.block("\(context.typeAccess)enum \(name): ProtobufEnum, CaseIterable") { source in
            for value in values {
                source.documentation(documentation(of: value))
                source.line("case \(context.namer.relativeName(enumValue: value))")
            }
            source.line("/// A number that has no name in the version of the file this was generated from.")
            source.line("case UNRECOGNIZED(Int32)")
            source.line()
            for alias in aliases {
                source.documentation(documentation(of: alias))
                source.line(
                    "\(context.access)static let \(context.namer.relativeName(enumValue: alias)): Self = "
                        + (values.first { $0.number == alias.number }.map(dotted) ?? ".init()"))
                source.line()
            }
            writeInitializers(to: &source)
            source.line()
            writeConversion(to: &source)
            source.line()
            source.line("/// The values that have names, in the order of the `.proto` file.")
            source.line(
                "\(context.access)static let allCases: [Self] = [\(values.map(dotted).joined(separator: ", "))]")
        }
    }

    private func writeInitializers(to source: inout SourceText) {
        source.line("/// Creates the first value, the default.")
        let first = values.first.map(dotted) ?? ".UNRECOGNIZED(0)"
        source.line("\(context.access)init() { self = \(first) }")
        source.line()
        source.line("/// Creates the value with a number.")
        source.block("\(context.access)init(rawValue: Int32)") { source in
            source.line("switch rawValue {")
            for value in values { source.line("case \(value.number): self = \(dotted(value))") }
            source.line("default: self = .UNRECOGNIZED(rawValue)")
            source.line("}")
        }
    }

    private func writeConversion(to source: inout SourceText) {
        source.line("/// The number of the value.")
        source.block("\(context.access)var rawValue: Int32") { source in
            source.line("switch self {")
            for value in values { source.line("case \(dotted(value)): \(value.number)") }
            source.line("case .UNRECOGNIZED(let number): number")
            source.line("}")
        }
    }

    /// The values that are cases: the first of each number.
    private var values: [EnumValueDescriptor] {
        var numbers: Set<Int32> = []
        return descriptor.values.filter { numbers.insert($0.number).inserted }
    }

    /// The other names of numbers, if they differ in Swift as well.
    private var aliases: [EnumValueDescriptor] {
        var names = Set(values.map(context.namer.relativeName(enumValue:)))
        return descriptor.values.filter { value in
            !values.contains { $0 === value } && names.insert(context.namer.relativeName(enumValue: value)).inserted
        }
    }

    private func dotted(_ value: EnumValueDescriptor) -> String {
        context.namer.dottedRelativeName(enumValue: value)
    }

    private func documentation(of value: EnumValueDescriptor) -> [String] {
        value.documentation(or: "The value `\(value.name)`, number \(value.number).")
    }
}
