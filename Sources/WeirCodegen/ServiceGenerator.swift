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
                writeProtocol(to: &source)
            }
        }
        if context.options.server {
            source.line()
            writeRegistration(to: &source)
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

    private func writeProtocol(to source: inout SourceText) {
        source.line("/// What a server of this service implements.")
        source.block("\(context.typeAccess)protocol ServiceProtocol: Service") { source in
            for (index, method) in service.methods.enumerated() {
                if index > 0 { source.line() }
                source.documentation(documentation(of: method))
                let type = "Method.\(method.swiftTypeName)"
                source.line("nonisolated(nonsending) func \(method.swiftFunctionName)(")
                source.indented { source in
                    source.line(method.parameters(type).joined(separator: ", "))
                }
                source.line(method.serverStreaming ? ") async throws" : ") async throws -> \(type).Output")
            }
        }
    }

    private func writeRegistration(to source: inout SourceText) {
        source.block("nonisolated extension \(name).ServiceProtocol") { source in
            source.line("/// The name of the service.")
            source.line("\(context.access)static var descriptor: ServiceDescriptor { \(name).descriptor }")
            source.line()
            source.line("/// Registers every method with `router`.")
            source.block("\(context.access)func register(with router: inout Router)") { source in
                for method in service.methods {
                    let type = "\(name).Method.\(method.swiftTypeName)"
                    let request = method.requestName
                    let arguments = method.serverStreaming ? "\(request), stream, context" : "\(request), context"
                    let labelled =
                        method.serverStreaming
                        ? "\(request), stream: stream, context: context" : "\(request), context: context"
                    source.line("router.\(method.kind)(")
                    source.indented { source in
                        source.line("\(type).descriptor,")
                        source.line("\(type).Input.self, \(type).Output.self")
                    }
                    source.block(") { \(arguments) in", complete: true) { source in
                        source.line("try await self.\(method.swiftFunctionName)(\(labelled))")
                    }
                }
            }
        }
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

    /// What the implementing function calls its request.
    fileprivate var requestName: String { clientStreaming ? "requests" : "request" }

    /// The parameters of the implementing function; `type` is the type that stands for the method.
    fileprivate func parameters(_ type: String) -> [String] {
        let request = clientStreaming ? "RequestStream<\(type).Input>" : "\(type).Input"
        let stream = serverStreaming ? ["stream: ResponseStream<\(type).Output>"] : []
        return ["_ \(requestName): \(request)"] + stream + ["context: CallContext"]
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
