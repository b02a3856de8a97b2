// SPDX-License-Identifier: Apache-2.0

/// Reads a settings file: JSON (RFC 8259) that may have `//` comments, and remembers the line of every value.
///
/// Not a general reader: objects, strings, numbers, true and false are what settings are made of.
struct JSONText {
    /// A value, and the line on which it begins.
    struct Leaf: Equatable, Sendable {
        enum Content: Equatable, Sendable {
            case string(String)
            /// As it is written.
            case number(String)
            case bool(Bool)
            /// Null or a list: no setting has such a value.
            case unusable(String)
        }

        var content: Content
        var line: Int
    }

    /// Why a text is not understood.
    struct Failure: Error, Equatable {
        var line: Int
        var message: String
    }

    /// Most objects inside each other.
    static let mostDepth = 8

    private var rest: ArraySlice<UInt8>
    private var line = 1
    private var leaves: [(path: [String], leaf: Leaf)] = []

    private init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// All values with the names of the objects around them, in the order in which they stand.
    static func leaves(of bytes: [UInt8]) throws(Failure) -> [(path: [String], leaf: Leaf)] {
        var text = JSONText(bytes)
        try text.skipSpace()
        guard text.rest.first == UInt8(ascii: "{") else { throw text.failure("an object is expected: { … }") }
        try text.object([])
        try text.skipSpace()
        guard text.rest.isEmpty else { throw text.failure("there is something behind the end of the object") }
        return text.leaves
    }

    private func failure(_ message: String) -> Failure { Failure(line: line, message: message) }

    private mutating func object(_ path: [String]) throws(Failure) {
        guard path.count < Self.mostDepth else { throw failure("objects are nested more than \(Self.mostDepth) deep") }
        rest.removeFirst()
        var names = Set<String>()
        try skipSpace()
        if take("}") { return }
        while true {
            try skipSpace()
            guard rest.first == UInt8(ascii: "\"") else { throw failure("a name in quotes is expected") }
            let name = try string()
            guard names.insert(name).inserted else { throw failure("\"\(name)\" stands here for the second time") }
            try skipSpace()
            guard take(":") else { throw failure("a colon is expected after \"\(name)\"") }
            try skipSpace()
            try value(path + [name])
            try skipSpace()
            if take("}") { return }
            guard take(",") else { throw failure("a comma or } is expected after the value of \"\(name)\"") }
        }
    }

    private mutating func value(_ path: [String]) throws(Failure) {
        let begin = line
        switch rest.first {
        case UInt8(ascii: "{"): return try object(path)
        case UInt8(ascii: "\""): leaves.append((path, Leaf(content: .string(try string()), line: begin)))
        case UInt8(ascii: "["):
            leaves.append((path, Leaf(content: .unusable("a list"), line: begin)))
            try skipList()
        default:
            let word = rest.prefix { $0 > 0x20 && !",}]/".utf8.contains($0) }
            rest = rest.dropFirst(word.count)
            let text = String(decoding: word, as: UTF8.self)
            leaves.append((path, Leaf(content: try literal(text), line: begin)))
        }
    }

    private func literal(_ text: String) throws(Failure) -> Leaf.Content {
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .unusable("null")
        default:
            guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
                Double(text) != nil, text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) })
            else { throw failure("\(text.isEmpty ? "a value" : "a value in place of \(text)") is expected") }
            return .number(text)
        }
    }

    /// A list is no setting's value: what is in it does not matter, only where it ends.
    private mutating func skipList() throws(Failure) {
        var depth = 0
        repeat {
            try skipSpace()
            switch rest.first {
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\""):
                _ = try string()
                continue
            case nil: throw failure("a list does not end")
            default: break
            }
            rest.removeFirst()
        } while depth > 0
    }

    private mutating func string() throws(Failure) -> String {
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"): bytes += try escape().utf8
            case ..<0x20: throw failure("a text does not end on its line")
            default: bytes.append(byte)
            }
        }
        throw failure("a text does not end")
    }

    private mutating func escape() throws(Failure) -> String {
        switch rest.popFirst() {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let digits = rest.prefix(4)
            rest = rest.dropFirst(digits.count)
            guard digits.count == 4, digits.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(number)
            else { throw failure("\\u is not followed by four digits of one character; write the character itself") }
            return String(Character(scalar))
        default: throw failure("there is no such escape in JSON")
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Skips white space and comments.
    private mutating func skipSpace() throws(Failure) {
        while let byte = rest.first {
            switch byte {
            case 0x0A:
                line += 1
                rest.removeFirst()
            case 0x20, 0x09, 0x0D: rest.removeFirst()
            case UInt8(ascii: "/"):
                guard rest.dropFirst().first == byte else { throw failure("a comment begins with //") }
                rest = rest.drop { $0 != 0x0A }
            default: return
            }
        }
    }
}
