// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// A verdict as it is shown: a word, and a shape and a colour that say the same.
enum VerdictMark {
    /// The verdicts in the order in which they are counted out.
    static let order: [Judgement.Verdict] = [.pass, .weak, .fail, .inconclusive]

    /// The shapes, once for the page: check in a circle, triangle, cross in a square, question mark in a ring.
    static let symbols: Markup = """
        <svg class="symbols" width="0" height="0" aria-hidden="true"><defs>\
        <symbol id="v-pass" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 .5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 0 1 \
        0-15zM12.3 5.6l-1.2-1.2l-4.3 4.4l-1.9-1.9l-1.2 1.2l3.1 3.1z"/></symbol>\
        <symbol id="v-weak" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 1l7.6 13.5h-15.2zM7.1 5.7v4.4h1.8v-4.4z\
        M7.1 11.2v1.8h1.8v-1.8z"/></symbol>\
        <symbol id="v-fail" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M2.5 1h11a1.5 1.5 0 0 1 1.5 1.5v11a1.5 1.5 0 \
        0 1-1.5 1.5h-11a1.5 1.5 0 0 1-1.5-1.5v-11a1.5 1.5 0 0 1 1.5-1.5zM5.5 4.2l-1.3 1.3l2.5 2.5l-2.5 2.5l1.3 1.3l2.5-2.5\
        l2.5 2.5l1.3-1.3l-2.5-2.5l2.5-2.5l-1.3-1.3l-2.5 2.5z"/></symbol>\
        <symbol id="v-inconclusive" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 .5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 0 1 \
        0-15zM8 2.1a5.9 5.9 0 1 0 0 11.8a5.9 5.9 0 0 0 0-11.8z"/><path d="M4.8 7.2h6.4v1.6h-6.4z"/></symbol>\
        </defs></svg>
        """

    /// The shape, for those who see it beside the word.
    static func icon(_ verdict: Judgement.Verdict) -> Markup {
        "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"#v-\(verdict.rawValue)\"/></svg>"
    }

    /// Shape and word on the verdict's ground.
    static func badge(_ verdict: Judgement.Verdict) -> Markup {
        #"<span class="badge \#(verdict.rawValue)">\#(icon(verdict))\#(verdict.rawValue)</span>"#
    }

    /// How many of a summary got this verdict.
    static func count(_ summary: BenchReport.Summary, _ verdict: Judgement.Verdict) -> Int {
        switch verdict {
        case .pass: summary.pass
        case .weak: summary.weak
        case .fail: summary.fail
        case .inconclusive: summary.inconclusive
        }
    }
}
