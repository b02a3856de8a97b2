// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import Synchronization
internal import WeirHTTP2
internal import WeirRPC

/// Messages of one stream that other threads handed over without waiting, on their way to the stream's loop.
///
/// Bounded: at most ``maximumBytes`` or one larger message, at most ``maximumMessages``, and every byte is held in the
/// process's send budget from before it is serialised until it stands in the stream's own queue. Nothing is taken while
/// the loop has no room for what was taken before, so a blocked stream holds one such load and no more.
final class HandOver: Sendable {
    /// Most bytes of messages with their prefixes, one larger message alone excepted.
    static let maximumBytes = 16 * 1024
    /// Most messages.
    static let maximumMessages = 64

    private struct State {
        /// Serialised and not seen by the loop yet.
        var messages: [ByteBuffer] = []
        /// Bytes and number of all messages that are held, those the loop found no room for included.
        var heldBytes = 0
        var heldCount = 0
        /// Whether the loop was asked to come and take what is there.
        var isAnnounced = false
        /// Why the loop had no room for what it took, while any of that waits.
        var refusal: SendRefusal?
        var waitingCount = 0
        /// Why the call is over.
        var end: SendRefusal?
    }

    private let budget: ProcessSendBudget
    private let maximumMessageBytes: Int
    private let state = Mutex(State())
    private let untaken = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    init(budget: ProcessSendBudget, maximumMessageBytes: Int) {
        self.budget = budget
        self.maximumMessageBytes = maximumMessageBytes
    }

    // MARK: - From any thread

    /// Whether messages are here that the loop has not seen.
    ///
    /// Relaxed: what a task handed over itself it sees, whichever thread it has come to since.
    @inline(__always)
    var isEmpty: Bool { untaken.load(ordering: .relaxed) == 0 }

    /// Why the call is over; nil while it is not known to be.
    var end: RPCError? {
        guard isOver.load(ordering: .acquiring) else { return nil }
        if case .ended(let error) = state.withLock({ $0.end }) { return error }
        return nil
    }

    /// Sets room aside for a message of `count` bytes, prefix included; nil: it must be followed by ``put(_:)``.
    func reserve(_ count: Int) -> SendRefusal? {
        guard count <= maximumMessageBytes else { return end.map { .ended($0) } ?? .tooLarge }
        return state.withLock { state in
            if let end = state.end { return end }
            if let refusal = state.refusal { return refusal }
            if state.heldCount > 0 {
                guard state.heldCount < Self.maximumMessages, count <= Self.maximumBytes - state.heldBytes else {
                    return .queueFull
                }
            }
            guard budget.take(count) else { return .budget }
            state.heldBytes += count
            state.heldCount += 1
            return nil
        }
    }

    /// What became of a message that was put here.
    enum Put {
        /// It is here; the loop must be asked to come.
        case first
        /// It is here, and the loop is on its way.
        case behindOthers
        /// The call ended in between.
        case refused(SendRefusal)
    }

    /// Puts a message, without its prefix, into the room that was set aside for it.
    func put(_ message: ByteBuffer) -> Put {
        state.withLock { state in
            if let end = state.end {
                release(message.readableBytes + MessagePrefix.byteCount, &state)
                return .refused(end)
            }
            state.messages.append(message)
            untaken.wrappingAdd(1, ordering: .relaxed)
            defer { state.isAnnounced = true }
            return state.isAnnounced ? .behindOthers : .first
        }
    }

    // MARK: - From the loop

    /// Takes all messages, in order; each is to be followed by ``written(_:)``, at once or after ``waits(for:)``.
    func take() -> [ByteBuffer] {
        state.withLock { state in
            state.isAnnounced = false
            var messages: [ByteBuffer] = []
            swap(&messages, &state.messages)
            untaken.store(0, ordering: .relaxed)
            return messages
        }
    }

    /// Takes all messages, the last ones: from now on nothing is taken any more, for this reason.
    func takeLast(_ error: RPCError) -> [ByteBuffer] {
        let messages = state.withLock { state in
            if state.end == nil { state.end = .ended(error) }
            state.isAnnounced = false
            var messages: [ByteBuffer] = []
            swap(&messages, &state.messages)
            untaken.store(0, ordering: .relaxed)
            return messages
        }
        isOver.store(true, ordering: .releasing)
        return messages
    }

    /// There is no room for a message, for this reason: nothing more is taken until it is written.
    func waits(for refusal: SendRefusal) {
        state.withLock { state in
            // Those behind the first one wait for that one, which says nothing to anybody.
            if state.refusal == nil { state.refusal = refusal }
            state.waitingCount += 1
        }
    }

    /// A message of `count` bytes, prefix included, is in the stream's queue, or never will be.
    func written(_ count: Int, hadWaited: Bool) {
        state.withLock { state in
            release(count, &state)
            guard hadWaited else { return }
            state.waitingCount -= 1
            if state.waitingCount == 0 { state.refusal = nil }
        }
    }

    /// The call is over: what is here is dropped, and nothing is taken any more.
    func close(_ error: RPCError) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.end = .ended(error)
            for message in state.messages { release(message.readableBytes + MessagePrefix.byteCount, &state) }
            state.messages = []
            untaken.store(0, ordering: .relaxed)
        }
        isOver.store(true, ordering: .releasing)
    }

    /// Bytes that are held, prefixes included.
    var heldBytes: Int { state.withLock { $0.heldBytes } }

    private func release(_ count: Int, _ state: inout State) {
        state.heldBytes -= count
        state.heldCount -= 1
        budget.give(count)
    }
}
