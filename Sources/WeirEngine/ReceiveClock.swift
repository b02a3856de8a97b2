// SPDX-License-Identifier: Apache-2.0

internal import WeirHTTP2

/// A clock that stands still while the server takes nothing from its peer, so that this does not count against the peer.
///
/// It runs as the real one does otherwise, behind it by the time that it stood still in all.
struct ReceiveClock {
    /// How long it stood still, before it was stopped last.
    private var behindNanoseconds: Int64 = 0
    private var stoppedSince: MonotonicInstant?

    /// What the clock shows.
    func time(at now: MonotonicInstant) -> MonotonicInstant {
        min(now, stoppedSince ?? now).advanced(byNanoseconds: -behindNanoseconds)
    }

    /// When the clock will show `time`, if nothing stops it; nil while it stands still.
    func instant(of time: MonotonicInstant) -> MonotonicInstant? {
        stoppedSince == nil ? time.advanced(byNanoseconds: behindNanoseconds) : nil
    }

    /// Stops the clock, or lets it run on.
    mutating func setStopped(_ isStopped: Bool, at now: MonotonicInstant) {
        guard isStopped != (stoppedSince != nil) else { return }
        if let since = stoppedSince {
            stoppedSince = nil
            putBack(now.nanoseconds(since: since))
        } else {
            stoppedSince = now
        }
    }

    /// Puts the clock back.
    mutating func putBack(_ nanoseconds: Int64) {
        let (sum, overflow) = behindNanoseconds.addingReportingOverflow(nanoseconds)
        behindNanoseconds = overflow ? .max : sum
    }
}
