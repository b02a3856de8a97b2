// SPDX-License-Identifier: Apache-2.0

import WeirRPC

/// Header fields of requests, and short words for what the parser makes of them.
enum RequestFields {
    /// A name and a value.
    typealias Field = (name: String, value: String)

    /// The fields of a call that is accepted.
    static let base: [Field] = [
        (":method", "POST"), (":scheme", "http"), (":path", "/pkg.Service/Method"), (":authority", "host:1"),
        ("te", "trailers"), ("content-type", "application/grpc"),
    ]

    /// The base with one field changed, or left out when the value is nil.
    static func base(_ name: String, _ value: String?) -> [Field] {
        base.compactMap { field in
            guard field.name == name else { return field }
            guard let value else { return nil }
            return (name, value)
        }
    }

    /// What a parser with these limits makes of the fields.
    static func parse(
        _ fields: [Field], bytes: Int = 16 * 1024, count: Int = 128
    ) -> RequestHeadParser.Result {
        var parser = RequestHeadParser(maximumHeaderListBytes: bytes, maximumFieldCount: count)
        return parser.finish(fields)
    }

    /// The head of a call that is accepted; throws when it is not.
    static func head(_ fields: [Field]) throws -> RequestHead {
        switch parse(fields) {
        case .accept(let head): return head
        case .plain(let request): throw RPCError(.unknown, "plain: \(request)")
        case .reject(let rejection): throw RPCError(.unknown, "rejected: \(rejection)")
        }
    }

    /// The rejection, or nil when the call is accepted.
    static func rejection(_ result: RequestHeadParser.Result) -> HTTPRejection? {
        if case .reject(let rejection) = result { rejection } else { nil }
    }

    /// The rejection in short: `reset`, an HTTP status, or a code.
    static func verdict(_ result: RequestHeadParser.Result) -> String {
        switch result {
        case .accept: "accept"
        case .plain(let request): "plain \(request.method) \(request.path)"
        case .reject(.reset(let code, _)): "reset \(code)"
        case .reject(.http(let answer)): "\(answer.status)"
        case .reject(.grpc(let status)): status.code.description
        }
    }
}

extension RequestHeadParser {
    /// Puts the fields into one block, as they are received, and returns the verdict over them.
    mutating func finish(_ fields: [(name: [UInt8], value: [UInt8])]) -> Result {
        let block = fields.flatMap { $0.name + $0.value }
        var start = 0
        for (name, value) in fields {
            let middle = start + name.count
            let end = middle + value.count
            add(name: start..<middle, value: middle..<end, in: block.span)
            start = end
        }
        return finish(block)
    }

    mutating func finish(_ fields: [RequestFields.Field]) -> Result {
        finish(fields.map { (name: Array($0.name.utf8), value: Array($0.value.utf8)) })
    }
}
