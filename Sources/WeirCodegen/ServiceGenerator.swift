// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Generates a service: its descriptors, and the protocol that a server implements.
struct ServiceGenerator {
    private let service: ServiceDescriptor
    private let context: GeneratorContext
    private let name: String

    init(_ service: ServiceDescriptor, _ context: GeneratorContext) {
        self.service = service
        self.context = context
        name = context.namer.typePrefix(forFile: service.file) + service.name
    }

    func write(to source: inout SourceText) throws(GeneratorError) {
        for method in service.methods {
            for message in [method.inputType, method.outputType] {
                if let message { try WellKnownTypes.check(message, usedBy: method.fullName) }
            }
        }
        let access = context.access
        source.documentation(service.documentation(or: "The service `\(service.fullName)`."))
        source.block("\(context.typeAccess)enum \(name)") { source in
            source.line("/// The name of the service.")
            source.line(
                "\(access)static let descriptor = "
                    + "ServiceDescriptor(fullyQualifiedName: \(swiftLiteral(service.fullName)))")
            source.line()
            writeMethods(to: &source)
            if context.options.server {
                source.line()
                writeProtocols(to: &source)
            }
        }
        if context.options.server {
            source.line()
            writeExtensions(to: &source)
        }
    }

    private func writeMethods(to source: inout SourceText) {
        source.line("/// The methods of the service.")
        source.block("\(context.typeAccess)enum Method") { source in
            for method in service.methods {
                source.documentation(documentation(of: method))
                source.block("\(context.typeAccess)enum \(method.swiftTypeName)") { source in
                    source.line("/// What the client sends.")
                    source.line("\(context.access)typealias Input = \(typeName(method.inputType))")
                    source.line("/// What the server answers.")
                    source.line("\(context.access)typealias Output = \(typeName(method.outputType))")
                    source.line("/// The name and the kind of the method.")
                    source.line("\(context.access)static let descriptor = MethodDescriptor(")
                    source.indented { source in
                        source.line(
                            "service: \(name).descriptor, name: \(swiftLiteral(method.name)), kind: .\(method.kind))")
                    }
                }
                source.line()
            }
            source.line("/// All methods, in the order of the `.proto` file.")
            let all = service.methods.map { "\($0.swiftTypeName).descriptor" }.joined(separator: ", ")
            source.line("\(context.access)static let all: [MethodDescriptor] = [\(all)]")
        }
    }

    // MARK: - What a server implements

    /// The three depths: an author picks one protocol, and the deeper ones follow from it.
    private func writeProtocols(to source: inout SourceText) {
        writeProtocol(.streaming, to: &source) { source in
            source.line("/// What a server implements that wants every method as streams, whatever its kind.")
            source.line("///")
            source.line(
                "/// A method that takes one message finds it in `requests`; one that answers with one must send exactly one."
            )
        }
        source.line()
        writeProtocol(.contextual, to: &source) { source in
            source.line(
                "/// What a server of this service implements: typed messages and streams, with the call's context.")
        }
        source.line()
        writeProtocol(.simple, to: &source) { source in
            source.line("/// What a server implements that needs no more than the messages.")
        }
    }

    private func writeProtocol(
        _ depth: ServiceDepth, to source: inout SourceText, _ documentation: (inout SourceText) -> Void
    ) {
        documentation(&source)
        source.block("\(context.typeAccess)protocol \(depth.protocolName): \(depth.refinedName)") { source in
            for (index, method) in service.methods.enumerated() {
                if index > 0 { source.line() }
                source.documentation(self.documentation(of: method))
                writeSignature(of: method, depth, type: "Method.\(method.swiftTypeName)", to: &source)
            }
        }
    }

    private func writeSignature(
        of method: MethodDescriptor, _ depth: ServiceDepth, type: String, access: String = "", end: String = "",
        to source: inout SourceText
    ) {
        source.line("\(access)nonisolated(nonsending) func \(method.swiftFunctionName)(")
        source.indented { source in source.line(depth.parameters(of: method, type).joined(separator: ", ")) }
        source.line(
            (depth.answersOnStream(method) ? ") async throws" : ") async throws -> \(type).Output") + end)
    }

    private func writeExtensions(to source: inout SourceText) {
        source.block("nonisolated extension \(name).StreamingServiceProtocol") { source in
            source.line("/// The name of the service.")
            source.line("\(context.access)static var descriptor: ServiceDescriptor { \(name).descriptor }")
            source.line()
            writeRegistration(.streaming, to: &source)
        }
        source.line()
        source.block("nonisolated extension \(name).ServiceProtocol") { source in
            writeRegistration(.contextual, to: &source)
            for method in service.methods where method.kind != "bidirectionalStreaming" {
                source.line()
                writeStreamingForm(of: method, to: &source)
            }
        }
        source.line()
        source.block("nonisolated extension \(name).SimpleServiceProtocol") { source in
            for (index, method) in service.methods.enumerated() {
                if index > 0 { source.line() }
                writeContextualForm(of: method, to: &source)
            }
        }
    }

    private func writeRegistration(_ depth: ServiceDepth, to source: inout SourceText) {
        source.line("/// Registers every method with `router`.")
        source.block("\(context.access)func register(with router: inout Router)") { source in
            for method in service.methods {
                let type = "\(name).Method.\(method.swiftTypeName)"
                source.line("router.\(depth == .streaming ? "streaming" : method.kind)(")
                source.indented { source in
                    source.line("\(type).descriptor,")
                    source.line("\(type).Input.self, \(type).Output.self")
                }
                source.block(") { \(depth.names(of: method).joined(separator: ", ")) in", complete: true) { source in
                    source.line("try await self.\(call(method, depth))")
                }
            }
        }
    }

    /// The method as streams, by the one with messages.
    private func writeStreamingForm(of method: MethodDescriptor, to source: inout SourceText) {
        source.line("/// The method as streams.")
        let type = "\(name).Method.\(method.swiftTypeName)"
        writeSignature(of: method, .streaming, type: type, access: context.access, end: " {", to: &source)
        source.indented { source in
            let request = method.clientStreaming ? "requests" : "try await requests.only()"
            if method.serverStreaming {
                source.line("try await self.\(method.swiftFunctionName)(\(request), stream: stream, context: context)")
            } else {
                source.line(
                    "try await stream.send(try await self.\(method.swiftFunctionName)(\(request), context: context))")
            }
        }
        source.line("}")
    }

    /// The method with its context, by the one without.
    private func writeContextualForm(of method: MethodDescriptor, to source: inout SourceText) {
        source.line("/// The method with its context.")
        let type = "\(name).Method.\(method.swiftTypeName)"
        writeSignature(of: method, .contextual, type: type, access: context.access, end: " {", to: &source)
        source.indented { source in source.line("try await self.\(call(method, .simple))") }
        source.line("}")
    }

    /// A call of the function that implements the method at that depth.
    private func call(_ method: MethodDescriptor, _ depth: ServiceDepth) -> String {
        let names = depth.names(of: method)
        let arguments = names.enumerated().map { $0.offset == 0 ? $0.element : "\($0.element): \($0.element)" }
        return "\(method.swiftFunctionName)(\(arguments.joined(separator: ", ")))"
    }

    private func typeName(_ message: Descriptor?) -> String {
        message.map(context.name(of:)) ?? ""
    }

    private func documentation(of method: MethodDescriptor) -> [String] {
        method.documentation(or: "The method `\(method.fullName)`.")
    }
}

extension MethodDescriptor {
    /// The name of the type that stands for the method.
    fileprivate var swiftTypeName: String {
        let capitalized = name.prefix(1).uppercased() + name.dropFirst()
        return ["Type", "Protocol", "Self", "Any"].contains(capitalized) ? capitalized + "_" : capitalized
    }

    /// The name of the function that implements the method.
    fileprivate var swiftFunctionName: String {
        let lowered = lowerCamelCase(name)
        return swiftKeywords.contains(lowered) ? "`\(lowered)`" : lowered
    }

    /// The case of `MethodKind`, and the function of `Router`.
    fileprivate var kind: String {
        switch (clientStreaming, serverStreaming) {
        case (false, false): "unary"
        case (true, false): "clientStreaming"
        case (false, true): "serverStreaming"
        case (true, true): "bidirectionalStreaming"
        }
    }
}

/// `ListDatasets` becomes `listDatasets`, `HTTPGet` `httpGet`, `GET` `get`.
func lowerCamelCase(_ name: String) -> String {
    let upper = name.prefix { $0.isUppercase }.count
    let isWhole = upper == name.count
    let lowered = upper > 1 && !isWhole && name.dropFirst(upper).first?.isLowercase == true ? upper - 1 : upper
    return name.prefix(lowered).lowercased() + name.dropFirst(lowered)
}

/// The words that cannot be the name of a function without backticks.
private let swiftKeywords: Set<String> = [
    "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else",
    "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init",
    "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat",
    "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
    "typealias", "var", "where", "while",
]
