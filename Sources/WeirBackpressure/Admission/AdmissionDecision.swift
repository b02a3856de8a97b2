// SPDX-License-Identifier: Apache-2.0

/// What a chain says to a call, at once.
public enum AdmissionDecision: Sendable {
    /// The handler may run; the permit is ended when the call ends.
    case admit(Permit)
    /// The call waits in a queue; it is told its turn by the closure that it came with.
    case wait(WaitingCall)
    /// The call is answered with this.
    case reject(Rejection)
}

/// How a wait ended.
public enum AdmissionTurn: Sendable {
    /// The handler may run.
    case admit(Permit)
    /// The call is answered with this.
    case reject(Rejection)
}

/// A call in a queue.
public struct WaitingCall: Hashable, Sendable {
    /// Its number in the queue, for ``AdmissionChain/abandon(_:at:)``.
    public let id: UInt64
    /// When its wait ends at the latest; ``AdmissionChain/timerFired(at:)`` has to be called then.
    public let until: PolicyInstant
}
