// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// Verdicts for a terminal: a table, or a line for each profile.
///
/// Nothing that a server sent can reach the terminal as a control sequence.
public enum TextTable {
    /// The widths that a table can have; a narrower terminal gets the narrowest, a wider one the widest.
    public static let widths = 60...200

    /// A table of all profiles, with what was seen under each that did not pass.
    public static func table(_ profiles: [ProfileResult], width: Int = 100, colours: Bool = false) -> String {
        let width = min(max(width, widths.lowerBound), widths.upperBound)
        let names = profiles.map { VisibleText.line($0.name) }
        let column = min(max(names.map(columns).max() ?? 0, 7), 28)
        var lines: [String] = []
        for (profile, name) in zip(profiles, names) {
            let indent = column + 2 + verdictColumn + 2
            let facts = facts(KeyFigures(profile))
            var texts = wrapped(facts.joined(separator: ", "), to: width - indent)
            if profile.verdict != .pass || facts.isEmpty {
                texts += profile.reasons.prefix(3).flatMap { wrapped(VisibleText.line($0), to: width - indent) }
            }
            let verdict = painted(padded(profile.verdict.rawValue, to: verdictColumn), profile.verdict, colours)
            var first = "\(padded(name, to: column))  \(verdict)"
            if columns(name) > column {
                // A name that is too long for its column has a line of its own.
                lines.append(name)
                first = "\(padded("", to: column))  \(verdict)"
            }
            lines.append(trimmed(texts.isEmpty ? first : first + "  " + texts[0]))
            lines += texts.dropFirst().map { String(repeating: " ", count: indent) + $0 }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// A profile on one line, for what is no terminal: name, verdict, figures, and the first reason if it did not pass.
    public static func line(_ profile: ProfileResult, colours: Bool = false) -> String {
        var parts = facts(KeyFigures(profile))
        if profile.verdict != .pass || parts.isEmpty { parts += profile.reasons.prefix(1).map(VisibleText.line) }
        let verdict = painted(profile.verdict.rawValue, profile.verdict, colours)
        let head = "\(VisibleText.line(profile.name)): \(verdict)"
        return parts.isEmpty ? head : head + " (" + parts.joined(separator: ", ") + ")"
    }

    /// How many profiles got which verdict, such as `20 pass, 1 weak, 2 fail`.
    public static func counts(_ summary: BenchReport.Summary) -> String {
        let counts = VerdictMark.order.map { ($0, VerdictMark.count(summary, $0)) }.filter { $0.1 != 0 }
        let texts = counts.map { "\(FigureText.count($0.1)) \($0.0.rawValue)" }
        return texts.isEmpty ? "no profile ran" : texts.joined(separator: ", ")
    }

    /// The longest verdict is `inconclusive`.
    private static let verdictColumn = 12

    private static func facts(_ figures: KeyFigures) -> [String] {
        [
            figures.endedAfterText.map { "ended after " + $0 },
            figures.endText,
            figures.memoryPerStreamBytes.map { FigureText.bytes($0) + " a stream" },
            figures.canaryText.map { (figures.canarySeconds == nil ? "canary: " : "canary p99 ") + $0 },
            figures.processorText.map { "CPU " + $0 },
        ].compactMap { $0.map(VisibleText.line) }
    }

    private static func painted(_ text: String, _ verdict: Judgement.Verdict, _ colours: Bool) -> String {
        guard colours else { return text }
        let code =
            switch verdict {
            case .pass: "32"
            case .inconclusive: "2"
            case .weak: "33"
            case .fail: "1;31"
            }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - columns(text)))
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Breaks text between words into lines of at most so many columns; a word that is longer is cut.
    static func wrapped(_ text: String, to width: Int) -> [String] {
        let width = max(width, 8)
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ") {
            let size = columns(word)
            if used > 0, used + 1 + size <= width {
                line += " " + word
                used += 1 + size
                continue
            }
            if used > 0 {
                lines.append(line)
                (line, used) = ("", 0)
            }
            for character in word {
                let size = columns(character)
                if used + size > width {
                    lines.append(line)
                    (line, used) = ("", 0)
                }
                line.append(character)
                used += size
            }
        }
        if used > 0 { lines.append(line) }
        return lines
    }

    /// How many columns of a terminal text takes, as far as that can be said without asking it.
    static func columns(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + columns($1) }
    }

    private static func columns(_ character: Character) -> Int {
        switch character.unicodeScalars.first?.value ?? 0 {
        // Hangul, Chinese, Japanese, full-width forms, pictures: two columns each (UAX 11).
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            2
        default: 1
        }
    }
}
