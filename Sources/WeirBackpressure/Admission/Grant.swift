// SPDX-License-Identifier: Apache-2.0

/// A place that one policy gave to one call.
public struct Grant: Hashable, Sendable {
    /// When the call was let in.
    public var startedAt: PolicyInstant
    /// Whether the call's response is a stream.
    public var isStreaming: Bool
    /// Anything the policy wants to find again, such as a partition's number.
    public var tag: Int64
    /// What the call was charged, for a policy that gives it back.
    var cost: Int64 = 0

    /// A place for a call.
    public init(for call: CallFacts, at now: PolicyInstant, tag: Int64 = 0) {
        startedAt = now
        isStreaming = call.isStreaming
        self.tag = tag
    }
}

/// A grant and the policy that it goes back to.
struct HeldGrant: Sendable {
    let policy: any AdmissionPolicy
    let grant: Grant
}
