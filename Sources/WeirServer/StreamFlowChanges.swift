// SPDX-License-Identifier: Apache-2.0

internal import WeirEngine
public import WeirRPC
internal import WeirTransport

/// The changes of a stream's blocked cause.
///
/// ```swift
/// for await change in stream.flowChanges {
///     quality = change.blockedCause == nil ? .full : .reduced
/// }
/// ```
///
/// Each iterator is an observer of its own, from when it is made. It starts out from "not blocked", so the first value of a
/// stream that is blocked already comes at once. Conflated: one value is kept for an observer that is busy, the newest, and
/// dropped if by then nothing has changed for that observer. Ends when the call does. A stream has at most eight observers:
/// the iterator of a ninth ends at once.
public struct StreamFlowChanges: AsyncSequence, Sendable {
    /// The state at a change.
    public typealias Element = StreamFlow
    /// Watching does not fail.
    public typealias Failure = Never

    let handle: CallHandle

    /// Begins to watch.
    public func makeAsyncIterator() -> Iterator {
        Iterator(subscription: FlowSubscription(handle: handle))
    }

    /// One observer.
    ///
    /// Ceases to watch when it is released.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: FlowSubscription

        /// Suspends until the blocked cause changes; nil when the call is over or the task is cancelled.
        ///
        /// Cancel safety: nothing is lost but the wait; a cancelled task gets nil.
        public mutating func next() async -> StreamFlow? {
            await subscription.mailbox.next()
        }

        /// As ``next()``, on the caller's actor.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> StreamFlow? {
            await subscription.mailbox.next()
        }
    }
}

/// Keeps a mailbox among a call's observers for as long as an iterator lives.
private final class FlowSubscription: Sendable {
    let mailbox: FlowMailbox
    private let handle: CallHandle

    init(handle: CallHandle) {
        let mailbox = FlowMailbox()
        self.mailbox = mailbox
        self.handle = handle
        handle.onLoop { call in mailbox.attach(to: call) }
    }

    deinit {
        handle.onLoop { [mailbox] call in mailbox.detach(from: call) }
    }
}
