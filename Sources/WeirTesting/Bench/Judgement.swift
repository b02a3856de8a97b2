// SPDX-License-Identifier: Apache-2.0

/// What a profile's run says of a server.
public struct Judgement: Sendable, Equatable {
    /// How good it was.
    public enum Verdict: String, Sendable, Codable, CaseIterable, Comparable {
        /// The server did what a good one does.
        case pass
        /// Nothing was judged: what the profile is about did not happen; the reason says what to change.
        case inconclusive
        /// It did what matters, but late, or so that the client cannot see why.
        case weak
        /// It did not.
        case fail

        /// Whether the left one is better.
        public static func < (left: Verdict, right: Verdict) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }
    }

    /// A number that was measured, or a word.
    public enum Figure: Sendable, Equatable {
        case number(Double)
        case text(String)
    }

    /// The verdict: the worst of what was found.
    public private(set) var verdict = Verdict.pass
    /// What a server must do to pass, with the numbers of this run.
    public var criterion: String
    /// Why the verdict is not better, or what was seen, in sentences.
    public private(set) var reasons: [String] = []
    /// What was measured, by name; a name ends in its unit: `…Seconds`, `…Bytes`, `…PerSecond`, `…Count`, `…Ratio`.
    public private(set) var figures: [(name: String, value: Figure)] = []

    /// Makes a judgement that passes.
    public init(criterion: String) {
        self.criterion = criterion
    }

    /// Says that something was found; the verdict becomes no better.
    public mutating func find(_ verdict: Verdict, _ reason: String) {
        // The first reason is what lines and test reports have room for: it is one for the verdict.
        reasons.insert(reason, at: verdict > self.verdict ? 0 : reasons.count)
        self.verdict = max(self.verdict, verdict)
    }

    /// Adds a number; replaces one of the same name.
    public mutating func figure(_ name: String, _ value: Double) { set(name, .number(value)) }

    /// Adds a count.
    public mutating func figure(_ name: String, _ value: Int) { set(name, .number(Double(value))) }

    /// Adds a time, in seconds.
    public mutating func figure(_ name: String, _ value: Duration) { set(name, .number(value / .seconds(1))) }

    /// Adds a word.
    public mutating func figure(_ name: String, _ value: String) { set(name, .text(value)) }

    private mutating func set(_ name: String, _ value: Figure) {
        figures.removeAll { $0.name == name }
        figures.append((name, value))
    }

    /// Whether two judgements say the same.
    public static func == (left: Judgement, right: Judgement) -> Bool {
        left.verdict == right.verdict && left.criterion == right.criterion && left.reasons == right.reasons
            && left.figures.elementsEqual(right.figures) { $0.name == $1.name && $0.value == $1.value }
    }
}
