// SPDX-License-Identifier: Apache-2.0

/// One decision per call, before its handler runs.
///
/// A policy is shared by all event loops. It answers at once: it never suspends, blocks on anything but its own small lock,
/// reads a clock or calls out with the lock held. Every grant comes back exactly once, by ``end(_:as:at:)`` or by
/// ``withdraw(_:at:)``; ``AdmissionChain`` and ``Permit`` see to that.
public protocol AdmissionPolicy: AnyObject, Sendable {
    /// The name in rejections, events and metrics.
    var name: String { get }

    /// Lets a call in or turns it away.
    func admit(_ call: CallFacts, at now: PolicyInstant) -> PolicyAnswer

    /// A call that was let in has ended.
    func end(_ grant: Grant, as outcome: CallOutcome, at now: PolicyInstant)

    /// A later policy turned the call away: it never ran, and what it was given is taken back.
    func withdraw(_ grant: Grant, at now: PolicyInstant)

    /// The first bytes of a streamed response went out; returns whether the grant is over with that.
    ///
    /// A policy that learns from latency takes its sample here and frees the place, since a stream's length is not latency.
    func responseStarted(_ grant: Grant, at now: PolicyInstant) -> Bool
}

extension AdmissionPolicy {
    /// As a call that ended and taught nothing.
    public func withdraw(_ grant: Grant, at now: PolicyInstant) {
        end(grant, as: .ignored, at: now)
    }

    /// The place is held until the stream ends.
    public func responseStarted(_ grant: Grant, at now: PolicyInstant) -> Bool { false }
}

/// What a policy says to a call.
public enum PolicyAnswer: Hashable, Sendable {
    /// It may go on; the grant comes back when it ends.
    case granted(Grant)
    /// It may not.
    case rejected(Rejection)
}
