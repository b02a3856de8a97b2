// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
package import WeirHTTP2
package import WeirRPC

/// Sending without waiting.
extension ServerCall {
    /// Offers a message of `byteCount` bytes behind a 5-byte prefix; nil: the caller must write it now.
    ///
    /// A refused message's size is kept until there is room for it or another one is offered: until then the stream counts
    /// as blocked, so that a client that does not read stalls although nobody waits.
    package func offer(_ byteCount: Int) -> SendRefusal? {
        do throws(RPCError) {
            if try admit(byteCount) { return nil }
        } catch {
            return isOpen ? .tooLarge : .ended(error)
        }
        let total = byteCount + MessagePrefix.byteCount
        let refusal = refusal(of: byteCount)
        if unsafe waiters.isEmpty, !stream.isGranted {
            if !remembersOffer {
                remembersOffer = true
                connection.session.flow.startWaiting(total, on: stream)
            }
            connection.session.touch(stream)
            connection.outputIsWanted()
        }
        return refusal
    }

    /// Whether a message of `byteCount` bytes could be sent now, with little in front of it.
    ///
    /// - Throws: why nothing can be sent any more, or that no budget could ever hold the message.
    package func hasRoom(_ byteCount: Int) throws(RPCError) -> Bool {
        guard isOpen else { throw error }
        guard byteCount <= maximumResponseBytes else { throw tooLarge(byteCount) }
        let total = byteCount + MessagePrefix.byteCount
        try checkSize(total)
        return unsafe waiters.isEmpty && connection.session.flow.hasRoom(total, on: stream)
    }

    /// Largest message the connection could ever hold, prefix included, in bytes.
    package var maximumMessageBytes: Int {
        min(
            MessagePrefix.maximumTotalBytes, connection.configuration.connectionSendBudgetBytes,
            processBudget.limitBytes, min(maximumResponseBytes, 1 << 40) + MessagePrefix.byteCount)
    }

    /// The process's send budget.
    package var processBudget: ProcessSendBudget { connection.processBudget }

    /// What ``admit(_:)`` does when the flow controller does not take the message at once.
    func admitOffered(_ total: Int) throws(RPCError) -> Bool {
        try checkSize(total)
        guard remembersOffer, unsafe waiters.isEmpty else { return false }
        guard connection.session.flow.admitOffered(total, on: stream) else { return false }
        remembersOffer = false
        return true
    }

    /// The stream stands first in a queue: leaves it if its message was refused, because nothing is saved up for a message
    /// that nobody waits with.
    ///
    /// Returns whether it left.
    func cedesPlace() -> Bool {
        guard remembersOffer, !stream.isGranted, !stream.isDeferred || stream.queue.isEmpty else { return false }
        connection.session.flow.leaveQueues(stream)
        return true
    }

    /// Before the stream stalls: connection credit that came may carry the message that was refused, although nothing told
    /// the stream.
    ///
    /// Returns whether that was so: then the stream is not blocked any more.
    func forgetsOffer() -> Bool {
        guard remembersOffer, connection.session.flow.blockedCause(of: stream) == nil else { return false }
        forgetMessage()
        stream.stall.unblocked()
        return true
    }

    /// Why a message that was not admitted has to wait.
    package func refusal(of byteCount: Int) -> SendRefusal {
        let total = byteCount + MessagePrefix.byteCount
        if unsafe !waiters.isEmpty || stream.isGranted { return .othersWait }
        return switch connection.session.flow.refusalCause(total, on: stream) {
        case .socket: .socket
        case .budget: .budget
        case .connectionWindow: .connectionWindow
        case .streamWindow: .streamWindow
        case nil: .queueFull
        }
    }
}
