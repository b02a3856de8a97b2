// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// How one field is declared, described, written and read in Swift.
struct FieldModel {
    let descriptor: FieldDescriptor
    /// The position in the order of field numbers, from 0.
    let index: Int
    /// The name of the property, or of the oneof's case.
    let name: String
    /// The type of a single value.
    let valueType: String
    let shape: Shape

    enum Shape {
        case implicit
        case optional
        /// A message that contains the one it is part of.
        case boxed
        case repeated
        case map(key: FieldDescriptor, value: FieldDescriptor, keyType: String)
        case oneof(property: String, isIndirect: Bool)
    }

    init(_ field: FieldDescriptor, index: Int, _ context: GeneratorContext) throws(GeneratorError) {
        descriptor = field
        self.index = index
        name = context.namer.messagePropertyNames(field: field, prefixed: "", includeHasAndClear: false).name
        if field.isMap, let entry = field.messageType?.mapKeyAndValue {
            shape = .map(key: entry.key, value: entry.value, keyType: try Self.swiftType(entry.key, context))
            valueType = try Self.swiftType(entry.value, context)
            return
        }
        valueType = try Self.swiftType(field, context)
        if let oneof = field.realContainingOneof {
            shape = .oneof(
                property: context.namer.messagePropertyName(oneof: oneof, prefixed: "").name,
                isIndirect: context.recursion.isRecursive(field))
        } else if field.isRepeated {
            shape = .repeated
        } else if context.recursion.isRecursive(field) {
            shape = .boxed
        } else {
            shape = field.type == .message || field.hasPresence ? .optional : .implicit
        }
    }
}

// MARK: - Swift

extension FieldModel {
    /// The type of the property.
    var propertyType: String {
        switch shape {
        case .implicit, .oneof: valueType
        case .optional, .boxed: "\(valueType)?"
        case .repeated: "[\(valueType)]"
        case .map(_, _, let keyType): "[\(keyType): \(valueType)]"
        }
    }

    /// The value of the property in a message that was just made; of a oneof, that of its property.
    func defaultValue(_ context: GeneratorContext) -> String {
        switch shape {
        case .optional, .boxed, .oneof: return "nil"
        case .repeated: return "[]"
        case .map: return "[:]"
        case .implicit: break
        }
        switch descriptor.type {
        case .string: return "\"\""
        case .bytes: return "ByteBuffer()"
        case .bool: return "false"
        case .enum:
            guard let first = descriptor.enumType?.values.first else { return ".init()" }
            return context.namer.dottedRelativeName(enumValue: first)
        default: return "0"
        }
    }

    /// The element of the layout.
    var layoutElement: String {
        let number = descriptor.number
        let name = swiftLiteral(descriptor.name)
        switch shape {
        case .implicit: return ".init(\(number), \(name), \(layoutType(descriptor)))"
        case .optional, .boxed: return ".init(\(number), \(name), \(layoutType(descriptor)), .optional)"
        case .repeated:
            let rule = descriptor.isPackable && !descriptor.isPacked ? ".expanded" : ".repeated"
            return ".init(\(number), \(name), \(layoutType(descriptor)), \(rule))"
        case .map(let key, let value, _):
            return ".init(\(number), \(name), \(layoutType(value)), .map(key: \(layoutType(key))))"
        case .oneof:
            return ".init(\(number), \(name), \(layoutType(descriptor)), .oneof(\(descriptor.oneofIndex ?? 0)))"
        }
    }

    /// The statement that hands the field to the writer.
    var writeStatement: String {
        switch shape {
        case .implicit: "writer.field(\(index), self.\(name))"
        case .optional, .boxed: "writer.optional(\(index), self.\(name))"
        case .repeated: "writer.repeated(\(index), self.\(name))"
        case .map: "writer.map(\(index), self.\(name))"
        case .oneof(let property, _):
            "if case .\(caseName)(let value)? = self.\(property) { writer.oneof(\(index), value) }"
        }
    }

    /// The statement that takes the field from the reader.
    var readStatement: String {
        switch shape {
        case .implicit: "self.\(name) = try reader.field(\(index))"
        case .optional, .boxed: "self.\(name) = try reader.optional(\(index))"
        case .repeated: "self.\(name) = try reader.repeated(\(index))"
        case .map: "self.\(name) = try reader.map(\(index))"
        case .oneof(let property, _):
            "if reader.isSet(oneof: \(index)) { self.\(property) = .\(caseName)(try reader.field(\(index))) }"
        }
    }

    /// The name without backticks, which are not needed behind a dot.
    var caseName: String { name.filter { $0 != "`" } }

    private func layoutType(_ field: FieldDescriptor) -> String {
        switch field.type {
        case .message: ".message { \(valueType).protobufLayout }"
        default: ".\(field.type.name)"
        }
    }
}

// MARK: - Types

extension FieldModel {
    private static func swiftType(
        _ field: FieldDescriptor, _ context: GeneratorContext
    ) throws(GeneratorError) -> String {
        switch field.type {
        case .double: return "Double"
        case .float: return "Float"
        case .int64, .sint64, .sfixed64: return "Int64"
        case .uint64, .fixed64: return "UInt64"
        case .int32, .sint32, .sfixed32: return "Int32"
        case .uint32, .fixed32: return "UInt32"
        case .bool: return "Bool"
        case .string: return "String"
        case .bytes: return "ByteBuffer"
        case .enum:
            guard let type = field.enumType else { break }
            return context.namer.fullName(enum: type)
        case .message:
            guard let type = field.messageType else { break }
            try WellKnownTypes.check(type, usedBy: field.fullName)
            return context.name(of: type)
        case .group:
            break
        }
        throw GeneratorError("\(field.fullName): groups are not supported")
    }
}

extension Google_Protobuf_FieldDescriptorProto.TypeEnum {
    /// The name in the Protocol Buffers language, which is also that of the case of `ProtobufFieldType`.
    fileprivate var name: String {
        switch self {
        case .double: "double"
        case .float: "float"
        case .int64: "int64"
        case .uint64: "uint64"
        case .int32: "int32"
        case .fixed64: "fixed64"
        case .fixed32: "fixed32"
        case .bool: "bool"
        case .string: "string"
        case .group: "group"
        case .message: "message"
        case .bytes: "bytes"
        case .uint32: "uint32"
        case .enum: "enumeration"
        case .sfixed32: "sfixed32"
        case .sfixed64: "sfixed64"
        case .sint32: "sint32"
        case .sint64: "sint64"
        }
    }
}
