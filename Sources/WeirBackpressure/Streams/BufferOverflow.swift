// SPDX-License-Identifier: Apache-2.0

/// Why a buffer would not take a message, under a policy that loses none.
public enum BufferOverflow: Error, Hashable, Sendable {
    /// It was full, and the policy is to fail.
    case full(capacity: Int)
    /// There was no room in time.
    case timedOut(after: Duration)
    /// The message is larger than the whole buffer.
    case tooLarge(bytes: Int, capacityBytes: Int)
}
