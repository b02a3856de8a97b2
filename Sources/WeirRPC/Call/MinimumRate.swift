// SPDX-License-Identifier: Apache-2.0

/// The slowest reading that a stream may keep up for long.
///
/// A stall deadline asks for one byte of progress per deadline; a client that opens its window a byte at a time for ever
/// meets that. A minimum rate asks for bytes per second, and is judged only over time in which the stream had something to
/// send and the client kept it from being sent: neither a quiet producer nor a budget of the server counts against it.
public struct MinimumRate: Hashable, Sendable {
    /// Bytes per second, the messages' prefixes included.
    public var bytesPerSecond: Int
    /// The time over which the rate is measured; it slides.
    public var period: Duration
    /// How long a stream must have been waiting for its client before it is judged at all; never less than ``period``.
    public var grace: Duration

    /// Makes a minimum rate, measured over half a minute unless said otherwise.
    public init(bytesPerSecond: Int, period: Duration = .seconds(30), grace: Duration = .seconds(30)) {
        self.bytesPerSecond = bytesPerSecond
        self.period = period
        self.grace = grace
    }

    /// Bytes that have to move in each ``period``.
    package var bytesPerPeriod: Int {
        let product = Double(max(0, bytesPerSecond)) * (period / .seconds(1))
        return Int(exactly: product.rounded(.down)) ?? Int.max
    }

    /// What is wrong with the values; nil when nothing is.
    package var problem: String? {
        if bytesPerSecond < 1 { return "the minimum rate must be at least 1 byte per second" }
        if period < .seconds(1) { return "the minimum rate's period must be at least 1s" }
        if grace < .zero { return "the minimum rate's grace must not be negative" }
        return nil
    }
}
