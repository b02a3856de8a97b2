// SPDX-License-Identifier: Apache-2.0

import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// One suspended `send`: what it was told, and what it then wrote.
final class Waiting {
    let call: ServerCall
    let size: Int
    private(set) var outcomes: [SendOutcome] = []
    private(set) var hasWritten = false
    private var waiter: SendWaiter?
    /// Called when the message was written.
    var onWritten: () -> Void = {}

    /// Begins to wait at once.
    init(
        _ call: ServerCall, _ size: Int, since: MonotonicInstant = MonotonicInstant(nanoseconds: 0),
        deadline: Duration? = nil, claimsRoom: Bool = true, byte: UInt8 = 7
    ) {
        self.call = call
        self.size = size
        let waiter = SendWaiter(
            byteCount: size + 5, since: since, deadline: deadline.map { since + $0 } ?? .distantFuture,
            claimsRoom: claimsRoom
        ) { [self] outcome in
            outcomes.append(outcome)
            guard claimsRoom, case .granted = outcome else { return }
            do throws(RPCError) {
                try call.redeem()
                try call.writeFilled(size, with: byte)
                hasWritten = true
                onWritten()
            } catch {}
        }
        self.waiter = waiter
        call.wait(waiter)
    }

    var isWaiting: Bool { outcomes.isEmpty }
    var wasGranted: Bool {
        guard outcomes.count == 1, case .granted = outcomes[0] else { return false }
        return true
    }
    var failure: RPCError? {
        guard outcomes.count == 1, case .failed(let error) = outcomes[0] else { return nil }
        return error
    }
    var timedOut: SendTimedOut? { failure?.sendTimedOut }

    func cancel() {
        if let waiter { call.stopWaiting(waiter, RPCError(.cancelled, "the sender gave up")) }
    }
}

extension ServerCall {
    /// Writes an admitted message whose payload repeats one byte.
    func writeFilled(_ size: Int, with byte: UInt8 = 7) throws(RPCError) {
        try write(size) { _ = $0.initializeMemory(as: UInt8.self, repeating: byte) }
    }

    /// Offers a message and writes it if it was taken, as `trySend` does.
    func trySend(_ size: Int, byte: UInt8 = 7) -> SendRefusal? {
        if let refusal = offer(size) { return refusal }
        do throws(RPCError) { try writeFilled(size, with: byte) } catch { return .ended(error) }
        return nil
    }
}
