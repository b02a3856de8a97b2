// SPDX-License-Identifier: Apache-2.0

package import WeirHTTP2
package import WeirRPC

/// A sender that waits for room for one message.
package final class SendWaiter {
    /// The message's size with its prefix, in bytes.
    package let byteCount: Int
    /// When it began to wait.
    package let since: MonotonicInstant
    /// When it gives up; ``MonotonicInstant/distantFuture`` when it waits for as long as the stream lives.
    package let deadline: MonotonicInstant
    /// Whether the room is set aside for it, to be redeemed; if not, it only wants to know that there is some.
    package let claimsRoom: Bool
    /// Called once, after the engine has been left.
    package let resume: (SendOutcome) -> Void

    /// Makes a waiter for a message of this size.
    package init(
        byteCount: Int, since: MonotonicInstant = MonotonicInstant(nanoseconds: 0),
        deadline: MonotonicInstant = .distantFuture, claimsRoom: Bool = true, resume: @escaping (SendOutcome) -> Void
    ) {
        self.byteCount = byteCount
        self.since = since
        self.deadline = deadline
        self.claimsRoom = claimsRoom
        self.resume = resume
    }
}

/// What a suspended sender is told.
package enum SendOutcome: Sendable {
    /// There is room for its message, and it must write it now if it claimed the room.
    case granted
    /// The message was not sent, and never will be.
    case failed(RPCError)
}
