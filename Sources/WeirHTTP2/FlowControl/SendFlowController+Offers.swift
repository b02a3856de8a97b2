// SPDX-License-Identifier: Apache-2.0

/// Messages that nobody waits with: offered, refused and kept in mind.
///
/// A refused message counts as waiting until there is room for it, so that a stream whose sender never suspends is held
/// back and stalls like any other. Only its size is kept, and no room is saved up for it while others wait.
extension SendFlowController {
    /// Asks for room for a message on a stream of which an earlier one was refused, in its place.
    ///
    /// Returns whether it may be written now; if not, its size is kept instead of the earlier one's.
    package mutating func admitOffered(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard unsafe !stream.isGranted else { return false }
        let mayPassQueue = creditQueue.first === stream
        if let taken = take(count, on: stream, mayPassQueue: mayPassQueue) {
            if taken == .inParts { unsafe stream.sendsInParts = true }
            unsafe stream.waitingBytes = 0
            return true
        }
        unsafe stream.waitingBytes = count
        return false
    }

    /// Room was set aside that is not used at once: it is free again for all, and the stream may take it out of its turn.
    package mutating func returnGrant(on stream: HTTP2Stream) {
        guard unsafe stream.isGranted else { return }
        let count = unsafe stream.waitingBytes
        let wasInParts = stream.grantIsInParts
        unsafe stream.isGranted = false
        stream.grantIsInParts = false
        unsafe stream.waitingBytes = 0
        budget.release(count)
        if !wasInParts { unreserve(count, on: stream) }
        unsafe stream.quantumBytes = unsafe min(limits.quantumBytes, stream.quantumBytes + count)
        // The windows' rest may be used; the next message must not be held back for it once more.
        unsafe stream.holdBackIsOver = wasInParts
    }

    /// Whether a message of `count` bytes would be admitted now on a stream with a short queue; changes nothing.
    package mutating func hasRoom(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard unsafe stream.waitingBytes == 0, unsafe stream.queue.byteCount <= limits.streamLowWatermarkBytes else {
            return false
        }
        return opportunity(count, on: stream, mayPassQueue: false) != nil && budget.hasRoom(count)
    }

    /// The stream that a budget is waited for first.
    package var firstOfBudgetQueue: HTTP2Stream? { budgetQueue.first }

    /// Why a message of `count` bytes cannot be queued now; nil when only the queue is too long for it.
    package func refusalCause(_ count: Int, on stream: HTTP2Stream) -> BlockedCause? {
        if !socketIsWritable { return .socket }
        switch verdict(count, on: stream) {
        case .blocked(let cause): return cause
        case .whole, .inParts:
            let isOthersTurn = unsafe stream.takesTurns || !creditQueue.isEmpty
            return isOthersTurn || exceedsShare(count, on: stream) ? .connectionWindow : .budget
        case .queueIsFull:
            if window.bytes <= 0 { return .connectionWindow }
            return unsafe stream.window.bytes <= 0 ? .streamWindow : nil
        }
    }
}
