// SPDX-License-Identifier: Apache-2.0

extension AsyncSequence where Self: Sendable, Element: Sendable {
    /// Reads this sequence ahead of its consumer into a buffer, under a policy that says nothing about time.
    ///
    ///     for try await tick in ticks.buffered(.dropOldest(capacity: 1000)) { try await stream.send(tick) }
    ///
    /// The source runs in a task of its own from the first `next()` on, and is cancelled when the iterator goes away. What
    /// it threw is thrown after everything that is held was delivered. Use ``buffered(_:clock:bytes:watermarks:observer:onFlowChange:)``
    /// for a policy with a time in it.
    ///
    /// - Parameters:
    ///   - policy: what happens to what the consumer cannot take in time.
    ///   - bytes: the size of a message, for a policy with a capacity in bytes.
    ///   - watermarks: when to ask the source to pause, if it can.
    ///   - observer: takes the events.
    ///   - onFlowChange: called when a watermark is crossed, by one task at a time.
    public func buffered(
        _ policy: SendPolicy<Element>,
        bytes: @escaping @Sendable (Element) -> Int = { _ in 0 },
        watermarks: Watermarks? = nil,
        observer: (any PolicyObserver)? = nil,
        onFlowChange: (@Sendable (FlowChange) -> Void)? = nil
    ) -> BufferedSequence<Self> {
        precondition(!policy.needsClock, "a policy with a time in it needs buffered(_:clock:)")
        return BufferedSequence(
            base: self, policy: policy, timer: .none, bytes: bytes, watermarks: watermarks, observer: observer,
            onFlowChange: onFlowChange)
    }

    /// Reads this sequence ahead of its consumer into a buffer, under any policy; for instance with `clock: .continuous`.
    ///
    /// As ``buffered(_:bytes:watermarks:observer:onFlowChange:)`` otherwise.
    public func buffered<C: Clock>(
        _ policy: SendPolicy<Element>,
        clock: C,
        bytes: @escaping @Sendable (Element) -> Int = { _ in 0 },
        watermarks: Watermarks? = nil,
        observer: (any PolicyObserver)? = nil,
        onFlowChange: (@Sendable (FlowChange) -> Void)? = nil
    ) -> BufferedSequence<Self> where C.Duration == Duration {
        BufferedSequence(
            base: self, policy: policy, timer: BufferTimer(clock), bytes: bytes, watermarks: watermarks,
            observer: observer, onFlowChange: onFlowChange)
    }
}

/// A sequence that is read ahead into a buffer under a ``SendPolicy``.
public struct BufferedSequence<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable where Base.Element: Sendable {
    /// The base's elements.
    public typealias Element = Base.Element
    /// What the base throws, ``BufferOverflow``, or `CancellationError`.
    public typealias Failure = any Error

    let base: Base
    let policy: SendPolicy<Element>
    let timer: BufferTimer
    let bytes: @Sendable (Element) -> Int
    let watermarks: Watermarks?
    let observer: (any PolicyObserver)?
    let onFlowChange: (@Sendable (FlowChange) -> Void)?

    /// An iterator with a buffer and, from its first `next()` on, a source of its own.
    public func makeAsyncIterator() -> Iterator {
        Iterator(
            pump: BufferPump(
                base,
                storage: BufferStorage(
                    PolicyBuffer(policy: policy, watermarks: watermarks), observer: observer, onFlowChange: onFlowChange
                ), timer: timer, bytes: bytes))
    }

    /// Takes messages out of the buffer.
    public struct Iterator: AsyncIteratorProtocol {
        private let pump: BufferPump<Base>

        init(pump: BufferPump<Base>) {
            self.pump = pump
        }

        /// What became of the messages so far.
        public var counts: BufferCounts { pump.storage.counts }

        /// The next message, or nil at the end.
        ///
        /// Suspends while nothing is held. Throws what ended the source, once everything held was delivered, and
        /// `CancellationError` when the task is cancelled. Safe to cancel: no message is lost by it.
        public mutating func next() async throws -> Element? {
            try await next(isolation: #isolation)
        }

        /// The next message, or nil at the end; as `next()`.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            pump.start()
            while true {
                try Task.checkCancellation()
                switch pump.storage.take(at: pump.timer.clock.now) {
                case .message(let message): return message
                case .finished: return nil
                case .failed(let error): throw error
                case .notBefore(let wait): try await pump.timer.sleep(wait)
                case .empty: await pump.storage.waitForMessage(isolation: actor)
                }
            }
        }
    }
}
