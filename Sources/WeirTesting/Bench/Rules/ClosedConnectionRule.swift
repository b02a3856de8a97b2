// SPDX-License-Identifier: Apache-2.0

/// A connection on which nothing else helps is closed in time.
///
/// For clients that take nothing from their socket, and for those that do not get as far as a request.
package struct ClosedConnectionRule: Sendable {
    /// What is judged, as the beginning of a sentence: `The connection`.
    package var what: String
    /// The longest that the connection may live and the server still passes.
    package var punctual: Duration
    /// What a server is that never closes it.
    package var never: Judgement.Verdict
    /// Whether GOAWAY counts as the end: the client reads, and learns of it.
    package var goAwayCounts: Bool

    /// Makes the rule.
    package init(
        _ what: String = "The connection", punctual: Duration, never: Judgement.Verdict = .fail,
        goAwayCounts: Bool = false
    ) {
        self.what = what
        self.punctual = punctual
        self.never = never
        self.goAwayCounts = goAwayCounts
    }

    /// What a server must do to pass.
    package var criterion: String {
        "\(what) is closed within \(BenchText.seconds(punctual))\(goAwayCounts ? ", or told to go away" : "")."
    }

    /// Judges a connection that was to be closed `since` then and was watched until `end`.
    package func judge(
        _ connection: ConnectionRecord, since: Duration = .zero, until end: Duration, _ judgement: inout Judgement
    ) {
        let goAway = goAwayCounts ? connection.goAway?.at : nil
        if let goAway = connection.goAway {
            judgement.figure("goAwayCode", Int(goAway.code))
            judgement.figure("goAwayText", goAway.text)
        }
        if let over = [goAway, connection.closedAt].compactMap({ $0 }).min() {
            let after = max(.zero, over - since)
            judgement.figure("closedAfterSeconds", after)
            if after > punctual {
                judgement.find(.weak, "\(what) ended late, after \(BenchText.seconds(after)).")
            }
        } else if connection.serverClosed == true {
            judgement.find(.pass, "\(what) was closed by the end of the profile, as a probe has shown.")
        } else {
            let held = max(.zero, end - since)
            judgement.figure("heldSeconds", held)
            judgement.find(
                held >= punctual ? never : .inconclusive,
                "\(what) was still there after \(BenchText.seconds(held))."
                    + (held < punctual ? " It was not watched for long enough." : ""))
        }
    }
}
