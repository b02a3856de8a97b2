// SPDX-License-Identifier: Apache-2.0

/// Takes the events of policies.
///
/// A chain reports who was let in and who was turned away, by which policy; a policy reports what changed in it.
///
/// It is called on whatever thread asked the policy, outside of any lock, on the path of the call: it must count and return.
public protocol PolicyObserver: Sendable {
    /// Something happened.
    func observe(_ event: PolicyEvent)
}
