// SPDX-License-Identifier: Apache-2.0

/// A piece of HTML, SVG or XML in which nothing but literals of this program is markup.
///
/// A string that is interpolated is text: it is made visible (``VisibleText``) and escaped, for element content and for
/// quoted attributes alike. Only another `Markup` is taken as it is. So a text from a server cannot become markup by
/// being forgotten.
struct Markup: ExpressibleByStringInterpolation, Sendable, Equatable {
    /// The markup.
    private(set) var source: String

    /// Nothing.
    static let none: Markup = ""

    /// Takes a literal as markup.
    init(stringLiteral value: String) {
        source = value
    }

    /// Takes a literal with interpolated values.
    init(stringInterpolation: Interpolation) {
        source = stringInterpolation.source
    }

    /// Text that stands for itself.
    init(text: String) {
        source = Markup.escaped(VisibleText.line(text))
    }

    /// The numbers of a path, however long; what has a meaning in markup is escaped here too.
    init(path: String) {
        source = Markup.escaped(path)
    }

    /// Puts pieces one behind the other.
    init(_ pieces: [Markup]) {
        source = pieces.map(\.source).joined()
    }

    /// JSON for a `script` element that is no program.
    ///
    /// `<`, `>` and `&` only occur within its strings, where escapes mean the same; so nothing in it ends the element.
    init(json: String) {
        source = ""
        for scalar in json.unicodeScalars {
            switch scalar {
            case "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                source += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: source.unicodeScalars.append(scalar)
            }
        }
    }

    /// Adds a piece at the end.
    static func += (left: inout Markup, right: Markup) {
        left.source += right.source
    }

    /// Escapes what has a meaning in element content and in quoted attributes.
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Collects a literal's parts.
    struct Interpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            source.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        /// The program's own markup.
        mutating func appendLiteral(_ literal: String) { source += literal }

        /// Text, escaped.
        mutating func appendInterpolation(_ text: String) { source += Markup(text: text).source }

        /// A whole number.
        mutating func appendInterpolation(_ number: Int) { source += String(number) }

        /// Markup as it is.
        mutating func appendInterpolation(_ markup: Markup) { source += markup.source }

        /// Markup, piece by piece.
        mutating func appendInterpolation(_ pieces: [Markup]) {
            for piece in pieces { source += piece.source }
        }
    }
}
