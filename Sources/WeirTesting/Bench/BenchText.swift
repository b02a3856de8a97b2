// SPDX-License-Identifier: Apache-2.0

/// Numbers as a person reads them, in reasons and criteria.
package enum BenchText {
    /// A time, such as `2.25 s`.
    package static func seconds(_ time: Duration) -> String { "\(rounded(time / .seconds(1), 1_000)) s" }

    /// A short time, such as `12.5 ms`.
    package static func milliseconds(_ time: Duration) -> String { "\(rounded(time / .milliseconds(1), 10)) ms" }

    /// A size, such as `1024 bytes` or `8 MiB`.
    package static func bytes(_ count: Int) -> String {
        switch count.magnitude {
        case ..<65_536: "\(count) bytes"
        case ..<1_048_576: "\(rounded(Double(count) / 1_024, 10)) KiB"
        default: "\(rounded(Double(count) / 1_048_576, 10)) MiB"
        }
    }

    /// A part of one, such as `12 %`.
    package static func percent(_ part: Double) -> String { "\(rounded(100 * part, 10)) %" }

    /// A verb behind a number of things.
    package enum Verb {
        case was
    }

    /// So many of all, such as `3 of 10 streams`; `The stream` when there is one only.
    package static func count(_ count: Int, of all: Int, _ what: String) -> String {
        all == 1 ? "The \(what)" : "\(count) of \(all) \(what)s"
    }

    /// So many of all and what they did, such as `3 of 10 streams were`.
    package static func count(_ count: Int, of all: Int, _ what: String, _: Verb) -> String {
        "\(self.count(count, of: all, what)) \(all == 1 || count == 1 ? "was" : "were")"
    }

    private static func rounded(_ number: Double, _ scale: Double) -> String {
        let value = (number * scale).rounded() / scale
        return value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
    }
}
