// SPDX-License-Identifier: Apache-2.0

/// Text that a server sent, or a file holds, so that it can be shown and cannot act.
///
/// Characters without a form of their own that change how a terminal, a browser or an XML reader takes what follows are
/// written as `\u{1B}`: controls, marks that turn the direction of writing, separators, noncharacters.
enum VisibleText {
    /// Most scalars of one text that a report shows; the JSON has all of it.
    static let mostScalars = 2000

    /// The text on one line, its invisible characters spelled out, cut after ``mostScalars``.
    static func line(_ text: String) -> String {
        var result = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < mostScalars else { return result + "…" }
            if acts(scalar) {
                result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true
        // Soft hyphen, Arabic letter mark, zero-width characters and direction marks, separators, overrides, isolates.
        case 0xAD, 0x61C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: true
        // Tags, which are invisible letters.
        case 0xE0000...0xE007F: true
        default: scalar.properties.isNoncharacterCodePoint
        }
    }
}
