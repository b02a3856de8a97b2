// SPDX-License-Identifier: Apache-2.0

/// How much of a connection's window one stream may hold, so that a reader that stops does not take its siblings with it.
///
/// Some clients return connection credit only when the application has read the bytes. On such a connection what a
/// stopped reader holds is lost to the others until it is cut. What a stream holds is not announced by anybody, but it is
/// never more than what was sent on it and not returned by its own WINDOW_UPDATEs, and never more than what the connection
/// as a whole had out at any later moment, plus what was sent since: see ``Holding``.
///
/// While more than half of the connection's window is out, a stream may hold no more than
///
/// - half of the smaller of its own and the connection's window, if others wait for connection credit that hold less. Half,
///   because honest readers return their stream's credit in portions of up to half a window: at less they would have to
///   give way to each other;
/// - three quarters of the connection's window if nobody else waits. Not less, because clients make their windows larger
///   only after they have seen up to two thirds of one arrive within a round trip. A single stream is only held to this
///   with a peer that was seen to refill its window early: any other may be waiting for the window to be used up.
///
/// A stream past its share gives way: it goes on when nobody else waits and the window is no longer scarce, when credit
/// came back, or when its hold-back is over. A peer that refills only what is used up has nothing to share out, so once it
/// is seen to do that the rule is off.
package struct FairShare: Sendable {
    /// What one stream holds of the connection's window, at most.
    package struct Holding: Sendable {
        /// The bound, as of ``sequence``.
        fileprivate var bytes = 0
        /// The connection's number of grants up to which ``bytes`` takes its dips into account.
        fileprivate var sequence: UInt64 = 0

        package init() {}
    }

    /// The lowest the connection's outstanding bytes were after a grant, and which grant that was.
    private struct Dip {
        var sequence: UInt64
        var outstandingBytes: Int
    }

    /// Streams whose own credit was not returned whole.
    package private(set) var holders = 0
    /// Whether the rule is off: this peer refills only when everything is used up.
    package private(set) var isOff = false
    /// Whether a stream went past its share because the peer returned nothing at all.
    private var probes = false
    /// Connection grants so far.
    private(set) var sequence: UInt64 = 0
    /// The dips that matter to somebody: each later one is higher than those before it.
    private var dips: [Dip] = []

    /// Most dips kept; without the others a bound is only less tight.
    private static let maximumDips = 8

    /// Makes the rule of a new connection.
    package init() {}

    /// Whether the connection's window is scarce once `count` more bytes of it are taken.
    @inline(__always)
    func isScarce(_ count: Int, free: Int, window: SendWindow) -> Bool {
        (window.largestBytes - free + count) * 2 > window.largestBytes
    }

    /// Whether a stream would be past its share with `count` more.
    func isExceeded(
        by count: Int, _ holding: Holding, reserved: Int, streamWindow: SendWindow, connectionWindow: SendWindow,
        othersWait: Bool
    ) -> Bool {
        let held = heldBytes(holding) + reserved
        // What holds nothing is nobody's loss, and without its first message a stream would never begin.
        guard held > 0, !isOff else { return false }
        if othersWait {
            return held + count > min(streamWindow.largestBytes, connectionWindow.largestBytes) / 2
        }
        guard holders > 1 || connectionWindow.refillsEarly else { return false }
        return held + count > connectionWindow.largestBytes / 4 * 3
    }

    /// The most that the stream can hold now, in bytes.
    package func heldBytes(_ holding: Holding) -> Int {
        guard let dip = dips.first(where: { $0.sequence > holding.sequence }) else { return holding.bytes }
        return min(holding.bytes, dip.outstandingBytes)
    }

    // MARK: What happens

    /// Bytes of a stream were sent.
    mutating func sent(_ count: Int, _ holding: inout Holding, wasWhole: Bool) {
        if wasWhole { holders += 1 }
        holding.bytes = heldBytes(holding) + count
        holding.sequence = sequence
    }

    /// The peer returned credit of a stream.
    mutating func returned(_ count: Int, _ holding: inout Holding, isWhole: Bool) {
        if isWhole { holders -= 1 }
        holding.bytes = max(0, heldBytes(holding) - count)
        holding.sequence = sequence
    }

    /// A stream is gone whose credit was not returned whole.
    mutating func holderIsGone() { holders -= 1 }

    /// A stream goes past its share after its hold-back.
    mutating func probed() { probes = true }

    /// The peer granted connection credit.
    ///
    /// - Parameter wasUsedUp: whether the window was as good as closed.
    /// - Parameter outstandingBytes: what is out now.
    mutating func granted(wasUsedUp: Bool, outstandingBytes: Int) {
        if probes, wasUsedUp { isOff = true }
        probes = false
        sequence += 1
        while let last = dips.last, last.outstandingBytes >= outstandingBytes { dips.removeLast() }
        if dips.count == Self.maximumDips { dips.removeLast() }
        dips.append(Dip(sequence: sequence, outstandingBytes: max(0, outstandingBytes)))
    }
}
