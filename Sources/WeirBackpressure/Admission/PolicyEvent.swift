// SPDX-License-Identifier: Apache-2.0

/// What policies report, for metrics and logs; `policy` is the name that the policy was given.
public enum PolicyEvent: Hashable, Sendable {
    /// A call passed all policies of a chain.
    case admitted(policy: String)
    /// A call was turned away.
    case rejected(policy: String, reason: RejectionReason)
    /// A caller is over its rate; who it is, by the policy's key.
    case throttled(policy: String, caller: String)
    /// A call began to wait; `length` calls of at most `capacity` wait now, itself included.
    case queued(policy: String, length: Int, capacity: Int)
    /// A call's wait ended, in a turn or in a rejection.
    case dequeued(policy: String, waited: Duration, length: Int, capacity: Int)
    /// A call that was let in ended.
    case ended(policy: String, outcome: CallOutcome, held: Duration)
    /// A measured limit moved.
    case limitChanged(policy: String, from: Int, to: Int)
    /// A breaker changed its state.
    case breakerChanged(policy: String, from: BreakerState, to: BreakerState)
    /// A table of callers was full, and a new caller was counted together with others.
    case callerTableFull(policy: String)
    /// Messages were dropped between a producer and its stream.
    case dropped(policy: String, count: Int)
    /// A source was asked to pause, or to go on.
    case flowChanged(policy: String, FlowChange)
}
