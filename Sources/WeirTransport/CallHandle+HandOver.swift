// SPDX-License-Identifier: Apache-2.0

package import NIOCore
internal import Synchronization
internal import WeirEngine
internal import WeirHTTP2
package import WeirRPC

/// Sending from other threads without waiting, and the end of the call as they see it.
extension CallHandle {
    /// Sets room aside for a message that a thread other than the loop's hands over; nil: ``finishHandOver(_:)`` must follow.
    ///
    /// Never suspends, and waits for nothing but a short lock.
    package func beginHandOver(_ byteCount: Int) -> SendRefusal? {
        handOver.reserve(byteCount + MessagePrefix.byteCount)
    }

    /// Hands the serialised message over, without its prefix.
    ///
    /// Taken means that it goes out in its turn unless the call ends before. Messages of one task keep their order, whatever
    /// it sends them with.
    package func finishHandOver(_ message: ByteBuffer) -> SendAttempt {
        switch handOver.put(message) {
        case .first: onLoop { _ in self.takeHandedOver() }
        case .behindOthers: break
        case .refused(let refusal): return .refused(refusal)
        }
        return .sent
    }

    /// Moves what other threads handed over into the stream's queue, or lets it wait in line; only on the loop.
    ///
    /// Before anything else is sent, so that a task which came to the loop does not overtake itself.
    @inline(__always)
    package func takeHandedOver() {
        if !handOver.isEmpty { placeHandedOver() }
    }

    private func placeHandedOver() {
        for message in handOver.take() { place(message) }
    }

    private func place(_ message: ByteBuffer) {
        // Counted as it was handed over: compressed it is smaller.
        let total = message.readableBytes + MessagePrefix.byteCount
        let compressed = call.compress(message)
        var isWritten = false
        do throws(RPCError) {
            isWritten = try call.admit((compressed ?? message).readableBytes)
            if isWritten { try Self.write(message, compressed, to: call) }
        } catch {
            // The call is over, and what was handed over ends with it, as what is queued does.
            isWritten = true
        }
        if isWritten {
            handOver.written(total, hadWaited: false)
        } else if let compressed {
            // A copy: the buffer belongs to the loop, and may be much larger.
            placeLater(ByteBuffer(bytes: compressed.readableBytesView), isCompressed: true, total)
            call.spares.give(compressed)
        } else {
            placeLater(message, isCompressed: false, total)
        }
    }

    private func placeLater(_ message: ByteBuffer, isCompressed: Bool, _ total: Int) {
        handOver.waits(for: call.refusal(of: message.readableBytes))
        call.handedOverBytes += total
        let waiter = SendWaiter(byteCount: message.readableBytes + MessagePrefix.byteCount, since: now) {
            [self] outcome in
            call.handedOverBytes -= total
            if case .granted = outcome {
                do throws(RPCError) {
                    try call.redeem()
                    try Self.write(message, isCompressed ? message : nil, to: call)
                } catch {
                    // As above: the call ended between the grant and now.
                }
            }
            handOver.written(total, hadWaited: true)
            if call.handedOverBytes == 0 { onHandedOverWritten.take()?() }
        }
        call.wait(waiter, isBounded: true)
    }

    private static func write(
        _ message: ByteBuffer, _ compressed: ByteBuffer?, to call: ServerCall
    ) throws(RPCError) {
        if let compressed { return try call.writeCompressed(compressed) }
        unsafe try call.writePieces(message.readableBytes) { _, slice in slice(message) }
    }

    /// The handler is through: takes nothing more from other threads, and suspends until what they were told is sent stands in
    /// the stream's queue, in front of the status, or the call is over.
    ///
    /// Only from the handler's task, once. `code` is what the call will end with, for threads that come too late.
    package nonisolated(nonsending) func finishHandedOver(_ code: StatusCode) async {
        if isOnLoop, handOver.isEmpty, call.handedOverBytes == 0 { return }
        await withCheckedContinuation { continuation in
            onLoop { call in
                for message in self.handOver.takeLast(CallEnd.finished(code).error) { self.place(message) }
                if call.handedOverBytes == 0 {
                    continuation.resume()
                } else {
                    // Each of them is answered exactly once, at the end of the call at the latest.
                    self.onHandedOverWritten = { continuation.resume() }
                }
            }
        }
    }

    /// Why the call is over, as far as threads other than the loop's were told; nil while it is not known to be.
    package var knownEnd: RPCError? { handOver.end }

    /// Throws why the call is over, if it is; does not suspend.
    package func checkIsOpen() throws(RPCError) {
        if let error = knownEnd ?? (isOnLoop && !call.isOpen ? call.error : nil) { throw error }
    }

    /// The call is over: other threads are told from now on without asking the loop; only on the loop.
    package func noteEnd() {
        handOver.close(call.error)
    }

    /// The call is over before its handler is; only on the loop.
    package func noteCancelled() {
        noteEnd()
        wasCancelled.store(true, ordering: .releasing)
        gate?.callIsOver()
    }

    /// Why the call is over before its handler returned; nil when it is not, and after the handler's own return.
    package var cancellation: RPCError? {
        if wasCancelled.load(ordering: .acquiring) { return handOver.end }
        // The handler may run on in the turn in which the call ended, before its task is cancelled.
        return isOnLoop && call.handlerIsRunning && !call.isOpen ? call.error : nil
    }
}
