// SPDX-License-Identifier: Apache-2.0

import SwiftProtobufPluginLibrary

/// How much of a call the functions that implement a service see.
enum ServiceDepth {
    /// Both sides of every method are streams.
    case streaming
    /// Messages where the method has one, and the call's context.
    case contextual
    /// As contextual, without the context.
    case simple

    var protocolName: String {
        switch self {
        case .streaming: "StreamingServiceProtocol"
        case .contextual: "ServiceProtocol"
        case .simple: "SimpleServiceProtocol"
        }
    }

    /// The protocol that this depth's refines.
    var refinedName: String {
        switch self {
        case .streaming: "Service"
        case .contextual: "StreamingServiceProtocol"
        case .simple: "ServiceProtocol"
        }
    }

    func takesStream(_ method: MethodDescriptor) -> Bool { self == .streaming || method.clientStreaming }

    func answersOnStream(_ method: MethodDescriptor) -> Bool { self == .streaming || method.serverStreaming }

    /// The names of the parameters; the first has no label, the others are their own.
    func names(of method: MethodDescriptor) -> [String] {
        [takesStream(method) ? "requests" : "request"] + (answersOnStream(method) ? ["stream"] : [])
            + (self == .simple ? [] : ["context"])
    }

    /// The parameters; `type` is the type that stands for the method.
    func parameters(of method: MethodDescriptor, _ type: String) -> [String] {
        names(of: method).map { name in
            switch name {
            case "requests": "_ requests: RequestStream<\(type).Input>"
            case "request": "_ request: \(type).Input"
            case "stream": "stream: ResponseStream<\(type).Output>"
            default: "context: CallContext"
            }
        }
    }
}
