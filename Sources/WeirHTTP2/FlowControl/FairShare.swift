// SPDX-License-Identifier: Apache-2.0

/// How much of a connection's window one stream may hold, so that a reader that stops does not take its siblings with it.
///
/// Some clients return connection credit only when the application has read the bytes. On such a connection what a
/// stopped reader holds is lost to the others until it is cut. What a stream holds is not announced by anybody, but it is
/// never more than what was sent on it and not returned by its own WINDOW_UPDATEs, and never more than what the connection
/// as a whole had out at any later moment, plus what was sent since: see ``Holding``.
///
/// While more than half of the connection's window is out, a stream may begin another message only if it holds less than
///
/// - half of the smaller of its own and the connection's window, if others wait for connection credit that hold less. Half,
///   because honest readers return their stream's credit in portions of up to half a window: at less they would have to
///   give way to each other;
/// - nine sixteenths of the connection's window if nobody else waits, so that something is left for streams that come later.
///   More than half, because a peer need not return credit before half of its window is used; three quarters if it was seen
///   to measure the connection, because it makes its windows larger only after it has seen up to two thirds of one arrive
///   within a round trip.
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

    /// Whether the peer measures the connection: it sent a PING while DATA was under way.
    private var peerMeasures = false
    /// Whether the rule is off: this peer refills only when everything is used up.
    package private(set) var isOff = false
    /// Whether a stream went past its share because the peer returned nothing at all.
    private var probes = false
    /// Bytes that were out when the peer last let a hold-back pass without returning any, as far as they still are.
    private(set) var stuckBytes = 0
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
        (window.fullBytes - free + count) * 2 > window.fullBytes
    }

    /// Whether a stream has its share, so that it may not begin another message.
    func isUsedUp(
        _ holding: Holding, reserved: Int, streamWindow: SendWindow, connectionWindow: SendWindow,
        free: Int, othersWait: Bool
    ) -> Bool {
        let held = heldBytes(holding) + reserved
        // What holds nothing is nobody's loss, and without its first message a stream would never begin.
        guard held > 0, !isOff else { return false }
        if othersWait {
            return held >= min(streamWindow.fullBytes, connectionWindow.fullBytes) / 2
        }
        // With half of the window open the peer may have no reason to return credit.
        guard free * 2 < connectionWindow.fullBytes else { return false }
        return held >= connectionWindow.fullBytes / 16 * (peerMeasures ? 12 : 9)
    }

    /// The most that the stream can hold now, in bytes.
    package func heldBytes(_ holding: Holding) -> Int {
        guard let dip = dips.first(where: { $0.sequence > holding.sequence }) else { return holding.bytes }
        return min(holding.bytes, dip.outstandingBytes)
    }

    // MARK: What happens

    /// Bytes of a stream were sent.
    mutating func sent(_ count: Int, _ holding: inout Holding) {
        holding.bytes = heldBytes(holding) + count
        holding.sequence = sequence
    }

    /// The peer returned credit of a stream.
    mutating func returned(_ count: Int, _ holding: inout Holding) {
        holding.bytes = max(0, heldBytes(holding) - count)
        holding.sequence = sequence
    }

    /// The peer sent a PING while DATA was under way.
    mutating func peerIsMeasuring() { peerMeasures = true }

    /// A stream goes past its share after its hold-back.
    mutating func probed() { probes = true }

    /// The peer granted connection credit.
    ///
    /// - Parameter wasUsedUp: whether the window was as good as closed.
    /// - Parameter outstandingBytes: what is out now.
    mutating func granted(wasUsedUp: Bool, outstandingBytes: Int) {
        if probes, wasUsedUp { isOff = true }
        probes = false
        lowered(outstandingBytes: outstandingBytes)
    }

    /// The peer returned nothing of this for as long as a message was held back.
    mutating func stoodStill(outstandingBytes: Int) { stuckBytes = max(0, outstandingBytes) }

    /// No more than this can be out, as of now.
    mutating func lowered(outstandingBytes: Int) {
        sequence += 1
        stuckBytes = min(stuckBytes, max(0, outstandingBytes))
        while let last = dips.last, last.outstandingBytes >= outstandingBytes { dips.removeLast() }
        if dips.count == Self.maximumDips { dips.removeLast() }
        dips.append(Dip(sequence: sequence, outstandingBytes: max(0, outstandingBytes)))
    }
}
