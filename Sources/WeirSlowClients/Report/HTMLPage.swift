// SPDX-License-Identifier: Apache-2.0

/// A whole page that loads nothing: head, policy, style, body, script.
struct HTMLPage {
    var title: String
    /// What stands in the page's `header`.
    var header: Markup
    /// What stands in its `main`.
    var main: Markup

    private static let scriptDigest = SHA256.base64(PageScript.source)
    private static let styleDigest = SHA256.base64(PageStyle.source)

    /// The page as a file.
    ///
    /// The policy allows this page's own script and style by their digests, and no request at all: even if a text had
    /// become markup, it could neither run nor reach anything (CSP Level 3).
    var text: String {
        let policy: Markup = """
            default-src 'none'; script-src 'sha256-\(HTMLPage.scriptDigest)'; style-src 'sha256-\(HTMLPage.styleDigest)'; \
            img-src data:; base-uri 'none'; form-action 'none'
            """
        let page: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>\(title)</title>
            <link rel="icon" href="data:,">
            <style>\(Markup(stringLiteral: PageStyle.source))</style>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the verdicts</a>
            \(VerdictMark.symbols)
            <header class="page">\(header)</header>
            <main id="main">\(main)</main>
            <footer>Made by <code>\(BenchReport.Tool().name)</code>. \
            Times are seconds from the profile’s beginning; KiB and MiB are powers of 1,024.</footer>
            <script>\(Markup(stringLiteral: PageScript.source))</script>
            </body>
            </html>

            """
        return page.source
    }

    /// An anchor for each name: its letters and digits, and its number where that is not enough to tell them apart.
    static func anchors(_ names: [String]) -> [String] {
        var taken: Set<String> = []
        return names.enumerated().map { index, name in
            let letters = name.unicodeScalars.prefix(40).filter {
                $0.isASCII && ($0.properties.isAlphabetic || "0"..."9" ~= $0 || $0 == "-")
            }
            var anchor = "profile-" + String(String.UnicodeScalarView(letters)).lowercased()
            if letters.isEmpty || !taken.insert(anchor).inserted {
                anchor = "profile-\(index + 1)-" + String(String.UnicodeScalarView(letters)).lowercased()
                taken.insert(anchor)
            }
            return anchor
        }
    }

    /// `2026-01-31T12:00:00Z` as `2026-01-31 12:00:00 UTC`; anything else as it is.
    static func moment(_ text: String) -> String {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, text.hasSuffix("Z"), text.utf8.count == 20 else { return text }
        return "\(parts[0]) \(parts[1].dropLast()) UTC"
    }

    /// A list of facts under short headings; those that are not known are left out.
    static func facts(_ facts: [(title: String, value: String?)]) -> Markup {
        let rows = facts.compactMap { fact in
            fact.value.map { "<div><dt>\(fact.title)</dt><dd>\($0)</dd></div>" as Markup }
        }
        return #"<dl class="facts">\#(rows)</dl>"#
    }
}
