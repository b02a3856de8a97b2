// SPDX-License-Identifier: Apache-2.0

/// What a source that can be paused is asked to do.
public enum FlowChange: Hashable, Sendable {
    /// The buffer holds more than its high watermark: stop for now.
    case pause
    /// The buffer has fallen to its low watermark: go on.
    case resume
}

/// Numbers of held messages at which a source is asked to pause and to go on.
public struct Watermarks: Hashable, Sendable {
    /// With more messages than so many the source is asked to pause.
    public let pauseAbove: Int
    /// With so many messages or fewer it is asked to go on; always below ``pauseAbove``.
    public let resumeAt: Int

    /// Marks; half of the high one for the low one, unless said otherwise.
    public init(pauseAbove: Int, resumeAt: Int? = nil) {
        self.pauseAbove = max(1, pauseAbove)
        self.resumeAt = min(max(0, resumeAt ?? self.pauseAbove / 2), self.pauseAbove - 1)
    }
}
