// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf

/// Files by name, and the files that declare symbols and extensions.
///
/// As large as the descriptors of the services that a server was built with; nothing from the network adds to it.
final class ReflectionTable: Sendable {
    struct File: Sendable {
        var name: String
        /// Names of the files that it imports.
        var dependencies: [String]
        /// The encoded `FileDescriptorProto`.
        var serialized: ByteBuffer
    }

    let files: [String: File]
    private let symbols: [String: String]
    /// The files that declare extensions, by the message that is extended and the extension's number.
    private let extensions: [String: [Int32: String]]
    private let messages: Set<String>

    /// Takes in these files and all that they import.
    init(_ descriptors: [ProtobufFileDescriptor]) {
        var files: [String: File] = [:]
        var builder = Builder()
        var pending = descriptors[...]
        while let descriptor = pending.popFirst() {
            guard files[descriptor.name] == nil else { continue }
            let serialized = descriptor.serialized
            files[descriptor.name] = File(
                name: descriptor.name, dependencies: descriptor.dependencies.map(\.name), serialized: serialized)
            pending += descriptor.dependencies
            // A file that cannot be read still can be asked for by its name.
            if let outline = try? Weir_Reflection_V1_FileOutline(serialized: serialized) {
                builder.add(outline, file: descriptor.name)
            }
        }
        self.files = files
        symbols = builder.symbols
        extensions = builder.extensions
        messages = builder.messages
    }

    /// The file that declares the symbol of this full name; a dot in front is allowed.
    func file(ofSymbol symbol: String) -> File? {
        symbols[Self.plain(symbol)].flatMap { files[$0] }
    }

    func file(ofExtension number: Int32, of message: String) -> File? {
        extensions[Self.plain(message)]?[number].flatMap { files[$0] }
    }

    /// The numbers of all extensions of a message, in order; nil when there is no such message.
    func extensionNumbers(of message: String) -> [Int32]? {
        let message = Self.plain(message)
        if let numbers = extensions[message]?.keys.sorted() { return numbers }
        return messages.contains(message) ? [] : nil
    }

    private static func plain(_ name: String) -> String {
        name.hasPrefix(".") ? String(name.dropFirst()) : name
    }

    /// Collects what files declare.
    private struct Builder {
        var symbols: [String: String] = [:]
        var extensions: [String: [Int32: String]] = [:]
        var messages: Set<String> = []

        mutating func add(_ outline: Weir_Reflection_V1_FileOutline, file: String) {
            let scope = outline.package
            for message in outline.messageType { add(message, in: scope, file) }
            for type in outline.enumType { add(type, in: scope, file) }
            for field in outline.extension { addExtension(field, in: scope, file) }
            for service in outline.service {
                let name = declare(service.name, in: scope, file)
                for method in service.method { declare(method.name, in: name, file) }
            }
        }

        private mutating func add(_ message: Weir_Reflection_V1_MessageOutline, in scope: String, _ file: String) {
            let name = declare(message.name, in: scope, file)
            messages.insert(name)
            for field in message.field { declare(field.name, in: name, file) }
            for oneof in message.oneofDecl { declare(oneof.name, in: name, file) }
            for nested in message.nestedType { add(nested, in: name, file) }
            for type in message.enumType { add(type, in: name, file) }
            for field in message.extension { addExtension(field, in: name, file) }
        }

        /// The values of an enum stand beside it, not inside.
        private mutating func add(_ type: Weir_Reflection_V1_EnumOutline, in scope: String, _ file: String) {
            declare(type.name, in: scope, file)
            for value in type.value { declare(value.name, in: scope, file) }
        }

        private mutating func addExtension(
            _ field: Weir_Reflection_V1_FieldOutline, in scope: String, _ file: String
        ) {
            declare(field.name, in: scope, file)
            extensions[ReflectionTable.plain(field.extendee), default: [:]][field.number] = file
        }

        @discardableResult
        private mutating func declare(_ name: String, in scope: String, _ file: String) -> String {
            let fullName = scope.isEmpty ? name : "\(scope).\(name)"
            symbols[fullName] = file
            return fullName
        }
    }
}
