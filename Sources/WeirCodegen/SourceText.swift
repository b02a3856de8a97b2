// SPDX-License-Identifier: Apache-2.0

/// Swift source text, written line by line.
struct SourceText {
    private(set) var text = ""
    private var indentation = 0

    /// Writes one line, or an empty one.
    mutating func line(_ line: String = "") {
        if !line.isEmpty { text += String(repeating: " ", count: indentation * 4) + line }
        text += "\n"
    }

    /// Writes `head {`, the body one level deeper, and `}`; a head that opens a closure itself is `complete`.
    mutating func block<E: Error>(
        _ head: String, complete: Bool = false, _ body: (inout SourceText) throws(E) -> Void
    ) throws(E) {
        line(complete ? head : head + " {")
        indentation += 1
        try body(&self)
        indentation -= 1
        line("}")
    }

    /// Writes a documentation comment.
    mutating func documentation(_ lines: [String]) {
        for text in lines { line(text.isEmpty ? "///" : "/// " + text) }
    }

    /// Writes lines one level deeper.
    mutating func indented(_ body: (inout SourceText) -> Void) {
        indentation += 1
        body(&self)
        indentation -= 1
    }
}

/// Writes `text` as a Swift string literal.
func swiftLiteral(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
        literal += scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : "\(scalar)"
    }
    return literal + "\""
}
