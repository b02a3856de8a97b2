// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import WeirSlowClients

@Suite("Markup")
struct MarkupTests {
    @Test("interpolated text is escaped, markup is not")
    func interpolation() {
        let text = #"<a href="x" title='y'>&"#
        let inner: Markup = "<b>\(text)</b>"
        let outer: Markup = "<p>\(inner)\([inner])\(3)</p>"
        let escaped = "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;"
        #expect(outer.source == "<p><b>\(escaped)</b><b>\(escaped)</b>3</p>")
    }

    @Test("a text is what it was when an XML parser has read it", arguments: Hostile.texts)
    func roundTrip(text: String) throws {
        let markup: Markup = #"<a b="\#(text)">\#(text)</a>"#
        let element = try #require(Elements.read(markup.source)?.first)
        #expect(element.text == VisibleText.line(text))
        #expect(element.attributes["b"] == VisibleText.line(text))
    }

    @Test("characters that act are spelled out")
    func visible() {
        #expect(
            VisibleText.line("a\u{1B}[2Jb\u{7}\r\n\u{202E}c\u{FFFE}") == #"a\u{1B}[2Jb\u{7}\u{D}\u{A}\u{202E}c\u{FFFE}"#
        )
        #expect(VisibleText.line("überfall 堰 👋") == "überfall 堰 👋")
    }

    @Test("a text is cut where the limit says")
    func cut() {
        let text = VisibleText.line(String(repeating: "a", count: VisibleText.mostScalars + 1))
        #expect(text == String(repeating: "a", count: VisibleText.mostScalars) + "…")
        let whole = String(repeating: "a", count: VisibleText.mostScalars)
        #expect(VisibleText.line(whole) == whole)
    }

    @Test("JSON in a script element cannot end it and stays the same JSON")
    func json() throws {
        let value = ["</script><!--<script>&\u{2028}\u{2029}"]
        let json = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        let markup = Markup(json: json)
        #expect(!markup.source.contains("<") && !markup.source.contains(">") && !markup.source.contains("&"))
        #expect(!markup.source.contains("\u{2028}") && !markup.source.contains("\u{2029}"))
        #expect(try JSONDecoder().decode([String].self, from: Data(markup.source.utf8)) == value)
    }

    @Test(
        "SHA-256 of known texts",
        arguments: [
            ("", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ("abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            (String(repeating: "a", count: 119), "MeulHDE6XAgiat8Y1KNZz9/Y0ugWsT9K+VL36mWE3Ps="),
            (String(repeating: "a", count: 1000), "Qe3s5C1j6Nm/UVqbppMuHCDLyfWl0TRkWttdsblzfqM="),
        ])
    func digest(text: String, base64: String) {
        #expect(SHA256.base64(text) == base64)
    }
}
