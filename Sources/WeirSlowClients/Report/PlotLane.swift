// SPDX-License-Identifier: Apache-2.0

/// What happened when, in a row above a timeline's panels: the stall deadline and the ends of calls.
struct PlotLane: Sendable {
    /// Calls that ended at about the same time in the same way.
    struct End: Sendable, Equatable {
        var time: Double
        var how: CallEnd
        var calls: Int

        /// What stands beside its mark.
        var text: String { calls == 1 ? how.text : "\(FigureText.count(calls)) × \(how.text)" }
    }

    /// Most marks of ends in a lane; what comes after is counted to the last one.
    static let mostEnds = 40

    /// What the lane is called: a server's label in a comparison, nothing otherwise.
    var label: String
    /// The colour of its server.
    var style: Int
    /// When the first stalled stream's deadline was over; nil if none stalled for so long.
    var deadline: Double?
    /// The ends, in order of time.
    var ends: [End]

    /// What begins its texts.
    var prefix: String { label.isEmpty ? "" : label + ": " }

    /// Finds what happened in a profile.
    init(_ profile: ProfileResult, deadlineSeconds: Double, label: String = "", style: Int = 0, until: Double) {
        self.label = label
        self.style = style
        var deadline: Double?
        var ends: [End] = []
        for stream in profile.streams {
            let connected = stream.connectedSeconds ?? 0
            let how = CallEnd(stream)
            let due = connected + (stream.lastDataSeconds ?? stream.beganSeconds) + deadlineSeconds
            // A call that went well, or was over well before its deadline, did not stall.
            let ended = stream.endedSeconds.map { connected + $0 } ?? .infinity
            if !how.isSuccess, due.isFinite, due >= 0, due <= until, ended >= due - deadlineSeconds / 2 {
                deadline = min(deadline ?? due, due)
            }
            if how != .none, ended.isFinite, ended >= 0, ended <= until * 1.05 {
                ends.append(End(time: min(ended, until), how: how, calls: 1))
            }
        }
        self.deadline = deadline
        self.ends = PlotLane.gathered(ends, within: until / 100)
    }

    /// Puts ends together that come within this time of the first of them and are of one kind.
    static func gathered(_ ends: [End], within span: Double) -> [End] {
        var result: [End] = []
        for end in ends.sorted(by: { $0.time < $1.time }) {
            let near = result.lastIndex { $0.how == end.how && end.time - $0.time <= span }
            if let near {
                result[near].calls += end.calls
            } else if result.count < mostEnds {
                result.append(end)
            } else {
                result[result.count - 1].calls += end.calls
            }
        }
        return result
    }
}
